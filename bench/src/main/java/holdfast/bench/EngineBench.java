package holdfast.bench;

import holdfast.block.OperatorError;
import holdfast.image.Image;
import holdfast.image.ImageBuilder;
import holdfast.image.ImageStore;
import holdfast.image.Places;
import holdfast.image.Progress;
import holdfast.image.Recipe;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Holdfast's engine against QEMU's, with the same kernel and the same programs.
final class EngineBench implements AutoCloseable {
    static final List<String> TOOLS =
            List.of("qemu-system-riscv64", GuestBuild.COMPILER, "/usr/riscv64-linux-gnu/include/stdio.h");

    private static final int MEMORY_MEBIBYTES = 1024;
    private static final String TINY_IS_UP = "Holdfast tiny: Linux is up";
    private static final String LOGIN = " login: ";
    private static final String NO_DEBIAN = "skipped: there is no image 'debian'; 'holdfast image build debian' makes it";

    private final Stage stage = new Stage();
    private final Places places = Places.of(System.getenv());
    private final ImageStore store = ImageStore.open(places.home(), Clock.systemUTC());
    private final Cores cores = Cores.allowed();
    private final int repetitions;
    private final Listener listener;

    /// Hears what comes out, as it comes.
    interface Listener {
        void row(Row row);

        /// An image has to be built first; this is what is being done.
        void building(String image, String what);

        /// There is no row for this one, and that is no failure.
        void skipped(Benchmark benchmark, String why);

        /// There is no row for this one.
        void failed(Benchmark benchmark, OperatorError why);
    }

    /// @param repetitions that are measured, of each
    EngineBench(int repetitions, Listener listener) {
        this.repetitions = repetitions;
        this.listener = listener;
    }

    /// @throws OperatorError when nothing more can be measured
    void run(List<Benchmark> benchmarks) throws IOException, InterruptedException {
        Image image = obtain(Recipe.Tiny.NAME);
        GuestSpec tiny = GuestSpec.of(image, MEMORY_MEBIBYTES);
        GuestSpec guest = GuestBuild.build(tiny, stage.directory());
        duels(of(Group.STEADY, benchmarks), () -> Duel.start(guest, cores.last(1), stage));
        duels(of(Group.SMP, benchmarks), () -> Duel.start(guest.withHarts(2), cores.last(2), stage));
        if (benchmarks.contains(Benchmark.BOOT_TINY)) {
            boot(Benchmark.BOOT_TINY, tiny, TINY_IS_UP);
        }
        if (benchmarks.contains(Benchmark.BOOT_DEBIAN)) {
            if (store.find(Recipe.Debian.NAME).isPresent()) {
                boot(Benchmark.BOOT_DEBIAN, GuestSpec.of(obtain(Recipe.Debian.NAME), MEMORY_MEBIBYTES), LOGIN);
            } else {
                listener.skipped(Benchmark.BOOT_DEBIAN, NO_DEBIAN);
            }
        }
        for (Mode mode : Mode.values()) {
            List<Benchmark> ofMode = benchmarks.stream().filter(benchmark -> benchmark.mode() == mode).toList();
            duels(ofMode, () -> Duel.start(guest, mode, cores.last(1), stage));
        }
    }

    /// Boots a pair of guests.
    private interface Pair {
        Duel start() throws InterruptedException;
    }

    private static List<Benchmark> of(Group group, List<Benchmark> benchmarks) {
        return benchmarks.stream().filter(benchmark -> benchmark.group() == group).toList();
    }

    /// A pair of guests runs them all; after a failure the next one gets a new pair.
    private void duels(List<Benchmark> benchmarks, Pair pair) throws InterruptedException {
        @Nullable Duel duel = null;
        for (Benchmark benchmark : benchmarks) {
            if (duel == null) {
                duel = pair.start();
            }
            try {
                listener.row(duel.run(benchmark, repetitions));
            } catch (OperatorError e) {
                listener.failed(benchmark, e);
                duel.close();
                duel = null;
            }
        }
        if (duel != null) {
            duel.close();
        }
    }

    private void boot(Benchmark benchmark, GuestSpec guest, String line) throws InterruptedException {
        try {
            listener.row(new BootRace(guest, line, cores.last(2), stage).run(benchmark, repetitions));
        } catch (OperatorError e) {
            listener.failed(benchmark, e);
        }
    }

    /// The image as `holdfast run` would take it: one that was built by another recipe than this program's is built anew first.
    private Image obtain(String name) throws InterruptedException {
        var progress = new Progress() {
            @Override
            public void phase(String what) {
                listener.building(name, what);
            }
        };
        Image image = new ImageBuilder(store, places.cache()).obtain(Recipe.named(name).orElseThrow(), progress);
        stage.add(store.use(image));
        return image;
    }

    @Override
    public void close() {
        stage.close();
    }
}
