package holdfast.riscv;

import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Makes regions of hot code, on a thread of its own, so that no hart ever waits for a translation. Shared by the harts of
/// a machine; a region is an object of a hidden class, and is gone when it is dropped from its page.
public final class Translator implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Translator.class.getName());
    private static final int HOT_JUMPS = 30_000;
    private static final int WARM_JUMPS = 500;
    private static final int QUEUE_MAX = 512;

    /// How often it is asked whether HotSpot has compiled what it was given.
    private static final int LOOK_MICROS = 500;

    /// What HotSpot has not compiled by then, it does not compile: the code may be asked for again.
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /// How often a region is found running before it is worth C2: in the time that this takes C2 could compile it.
    private static final int HOT_SAMPLES = 2000;

    /// Places of a region that were jumped to less than this part of what makes code hot are left out of it.
    private static final int WARM_PART = 200;
    private static final int INSTRUCTIONS_MAX = 200;
    private static final int INSTRUCTIONS_MIN = 25;

    private final BlockingQueue<Runnable> requests = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final AtomicLong regions = new AtomicLong();
    private final int hotJumps;
    private final int warm;
    private final int hotSamples;
    private final boolean alone;
    private final @Nullable BooleanSupplier eager;
    private final @Nullable Random switches;
    private final @Nullable Thread worker;

    /// Regions that HotSpot is compiling; the worker's alone.
    private final List<Installation> waiting = new ArrayList<>();
    private final AtomicInteger replacements = new AtomicInteger();
    private volatile @Nullable Profile profile;

    private Translator(int hotJumps, boolean alone, @Nullable BooleanSupplier eager, @Nullable Random switches) {
        this.alone = alone;
        this.hotJumps = hotJumps;
        this.warm = hotJumps / WARM_PART;
        this.hotSamples = eager != null ? 2 : HOT_SAMPLES;
        this.eager = eager;
        this.switches = switches;
        this.worker = eager == null ? Thread.ofPlatform().daemon().name("holdfast-translator").start(this::work) : null;
    }

    /// Translates in the background what is hot.
    ///
    /// @param alone whether its harts never run at the same time: there is one, or they take turns
    public static Translator background(boolean alone) {
        return new Translator(HOT_JUMPS, alone, null, null);
    }

    /// Translates at once, on the hart's own thread, whatever is jumped to, each time `decides` says so: for tests that
    /// compare translated with interpreted execution.
    public static Translator eager(BooleanSupplier decides) {
        return new Translator(1, false, decides, null);
    }

    /// The same for harts that never run at the same time.
    public static Translator eagerAlone() {
        return new Translator(1, true, () -> true, null);
    }

    /// Translates at once what is only a little warm, and has harts enter translated code or leave it aside by chance, anew
    /// at each call of [Hart#run]: for tests that compare whole machines.
    ///
    /// @param seed decides when; a machine whose harts take turns does the same again
    public static Translator switching(boolean alone, long seed) {
        return new Translator(WARM_JUMPS, alone, () -> true, new Random(seed));
    }

    /// Whether it translates at once what it is asked for: then every request counts.
    boolean translatesAtOnce() {
        return eager != null;
    }

    /// Whether a hart that is about to run enters translated code.
    boolean isEntered() {
        return switches == null || switches.nextBoolean();
    }

    /// Who is told of every translation.
    void profile(Profile newProfile) {
        profile = newProfile;
    }

    /// Regions made so far.
    public long regions() {
        return regions.get();
    }

    /// Jumps to a place after which it is worth translating.
    int hotJumps() {
        return hotJumps;
    }

    /// Regions that have been replaced by better ones so far.
    int replacements() {
        return replacements.get();
    }

    /// A slice has ended in a region, or a sample has found it. One that is found often is made again, for C2.
    void sampled(Region region, int weight) {
        int before = region.samples;
        region.samples = before + weight;
        if (before < hotSamples && before + weight >= hotSamples && region.form == RegionForm.FIRST) {
            request(region, RegionForm.HOT);
        }
    }

    /// A region leaves too often because an access misses.
    void missing(Region region) {
        request(region, RegionForm.MISSING);
    }

    private void request(Region region, RegionForm form) {
        if (!request(() -> replace(region, form))) {
            region.again();
        }
    }

    /// Asks for a region. A background translator never blocks: when its queue is full the request is forgotten, and
    /// comes again if the code stays hot.
    boolean request(CodePage page, int slot) {
        return request(() -> translate(page, slot));
    }

    private boolean request(Runnable request) {
        if (eager == null) {
            return requests.offer(request);
        }
        if (eager.getAsBoolean()) {
            request.run();
            return true;
        }
        return false;
    }

    private void work() {
        try {
            while (true) {
                Runnable request = waiting.isEmpty() ? requests.take() : requests.poll(LOOK_MICROS, TimeUnit.MICROSECONDS);
                try {
                    if (request != null) {
                        request.run();
                    }
                    installWhatIsCompiled();
                } catch (IllegalStateException | IllegalArgumentException mistake) {
                    // A mistake of the translator costs speed, not the guest: the code stays interpreted.
                    LOG.log(System.Logger.Level.WARNING, "some hot code cannot be translated", mistake);
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    /// Translates the code at a slot, in smaller and smaller regions until one is small enough for HotSpot. Code that starts with an
    /// instruction that is only interpreted stays as it is.
    private void translate(CodePage page, int slot) {
        if (isMade(page, slot) || !RegionCompiler.translates(page.plain(slot))) {
            return;
        }
        Profile watching = profile;
        EngineEvents.@Nullable Translation event = watching == null ? null : watching.translating();
        for (int limit = INSTRUCTIONS_MAX; limit >= INSTRUCTIONS_MIN; limit /= 2) {
            Region region = make(new RegionScan(page, slot, limit, warm), RegionForm.FIRST);
            if (region != null) {
                installCompiled(new Installation(page, slot, region, null, System.nanoTime()));
                regions.incrementAndGet();
                if (watching != null && event != null) {
                    watching.translated(event, page, slot, region);
                }
                return;
            }
        }
        throw new IllegalStateException("a region of " + INSTRUCTIONS_MIN + " instructions is too large");
    }

    /// Puts another form of the same code in a region's place, if that is small enough.
    private void replace(Region old, RegionForm form) {
        CodePage page = old.page();
        if (old.form == null || !old.equals(page.region(old.slot()))) {
            return;
        }
        var scan = new RegionScan(page, old.slot(), old.code());
        Region region = make(scan, form);
        if (region == null) {
            region = make(scan, RegionForm.MISSING);
        }
        if (region != null) {
            installCompiled(new Installation(page, old.slot(), region, old, System.nanoTime()));
        }
    }

    /// @return null if it would be too large for HotSpot
    private @Nullable Region make(RegionScan scan, RegionForm form) {
        byte[] bytes = RegionCompiler.compile(scan, alone, form, "TranslatedRegion");
        if (bytes.length == 0) {
            return null;
        }
        Region region = define(bytes);
        region.madeOf(new RegionCode(scan.code));
        region.bytecodeBytes = profile == null ? 0 : RegionCompiler.codeBytes(bytes);
        if (eager != null || HotSpotTiers.compile(region, form)) {
            region.form = form;
        }
        return region;
    }

    /// A region that has a place, in which HotSpot's interpreter would run it more slowly than ours runs the guest's code.
    private record Installation(CodePage page, int slot, Region region, @Nullable Region old, long since) {}

    private void installCompiled(Installation installation) {
        if (eager != null || HotSpotTiers.isCompiled(installation.region)) {
            install(installation);
        } else {
            waiting.add(installation);
        }
    }

    private void install(Installation installation) {
        Region old = installation.old;
        installation.page.install(installation.slot, installation.region);
        if (old != null) {
            old.replaced = true;
            replacements.incrementAndGet();
        }
    }

    private void installWhatIsCompiled() {
        waiting.removeIf(installation -> {
            boolean compiled = HotSpotTiers.isCompiled(installation.region);
            if (compiled) {
                install(installation);
            }
            return compiled || System.nanoTime() - installation.since > PATIENCE_NANOS;
        });
    }

    private boolean isMade(CodePage page, int slot) {
        return page.region(slot) != null || waiting.stream().anyMatch(one -> one.page.equals(page) && one.slot == slot);
    }

    private static Region define(byte[] bytes) {
        try {
            MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClass(bytes, true);
            return (Region) hidden.lookupClass().getDeclaredConstructors()[0].newInstance();
        } catch (ReflectiveOperationException broken) {
            throw new IllegalStateException("translated code does not load", broken);
        }
    }

    /// Ends the background thread; when this returns it no longer reads guest memory. What is translated stays.
    @Override
    public void close() {
        if (worker == null) {
            return;
        }
        worker.interrupt();
        boolean interrupted = false;
        while (worker.isAlive()) {
            try {
                worker.join();
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
