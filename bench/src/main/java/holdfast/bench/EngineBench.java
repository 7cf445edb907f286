package holdfast.bench;

import holdfast.image.Image;
import holdfast.image.ImageBuilder;
import holdfast.image.ImageStore;
import holdfast.image.Places;
import holdfast.image.Progress;
import holdfast.image.Recipe;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/// Holdfast's engine against QEMU's, with the same kernel and the same programs.
final class EngineBench implements AutoCloseable {
    static final List<String> TOOLS =
            List.of("qemu-system-riscv64", GuestBuild.COMPILER, "/usr/riscv64-linux-gnu/include/stdio.h");

    private static final int MEMORY_MEBIBYTES = 1024;
    private static final String TINY_IS_UP = "Holdfast tiny: Linux is up";

    private final Stage stage = new Stage();
    private final Cores cores = Cores.allowed();
    private final int repetitions;
    private final Consumer<Row> rows;

    /// @param repetitions that are measured, of each
    /// @param rows receives each result as it comes
    EngineBench(int repetitions, Consumer<Row> rows) {
        this.repetitions = repetitions;
        this.rows = rows;
    }

    void run(List<Benchmark> benchmarks) throws IOException, InterruptedException {
        Image image = tiny();
        GuestSpec guest = GuestBuild.build(image, stage.directory(), MEMORY_MEBIBYTES);
        duels(of(Group.STEADY, benchmarks), guest, cores.last(1));
        for (Benchmark boot : of(Group.BOOT, benchmarks)) {
            var tiny = new GuestSpec(guest.kernel(), Objects.requireNonNull(image.initrd()), image.append(), 1, MEMORY_MEBIBYTES);
            rows.accept(new BootRace(tiny, TINY_IS_UP, cores.last(2), stage).run(boot, repetitions));
        }
        duels(of(Group.SMP, benchmarks), guest.withHarts(2), cores.last(2));
    }

    private static List<Benchmark> of(Group group, List<Benchmark> benchmarks) {
        return benchmarks.stream().filter(benchmark -> benchmark.group() == group).toList();
    }

    private void duels(List<Benchmark> benchmarks, GuestSpec guest, Cores on) throws InterruptedException {
        if (benchmarks.isEmpty()) {
            return;
        }
        try (Duel duel = Duel.start(guest, on, stage)) {
            for (Benchmark benchmark : benchmarks) {
                rows.accept(duel.run(benchmark, repetitions));
            }
        }
    }

    private Image tiny() throws InterruptedException {
        Places places = Places.of(System.getenv());
        ImageStore store = ImageStore.open(places.home(), Clock.systemUTC());
        Recipe recipe = Recipe.named(Recipe.Tiny.NAME).orElseThrow();
        Image image = new ImageBuilder(store, places.cache()).obtain(recipe, Progress.NONE);
        stage.add(store.use(image));
        return image;
    }

    @Override
    public void close() {
        stage.close();
    }
}
