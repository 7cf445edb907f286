package holdfast.machine;

import java.util.concurrent.TimeUnit;

/// Runs a test with one seed after another until its time is over: first those that are kept because they found something
/// once or reach far, then new ones. A failure names its seed.
final class SeededFuzz {
    static final long SECONDS = Long.getLong("holdfast.fuzzSeconds", 5);
    static final long SECONDS_LONG = Long.getLong("holdfast.fuzzSecondsLong", 600);
    private static final long[] KEPT = {1, 2, 3, 4, 5, 6, 7, 8};

    interface Once {
        void run(long seed) throws Exception;
    }

    private SeededFuzz() {}

    static void run(long seconds, Once once) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long seed : KEPT) {
            named(seed, once);
        }
        for (long seed = Long.getLong("holdfast.seed", System.nanoTime()); System.nanoTime() < end; seed++) {
            named(seed, once);
        }
    }

    private static void named(long seed, Once once) {
        try {
            once.run(seed);
        } catch (Exception | AssertionError e) {
            throw new AssertionError("fails with -Dholdfast.seed=" + seed, e);
        }
    }
}
