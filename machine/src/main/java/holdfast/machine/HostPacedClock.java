package holdfast.machine;

import holdfast.riscv.TimeSource;

/// Time of parallel mode: follows the host's monotonic clock while it runs.
final class HostPacedClock implements GuestClock, TimeSource {
    /// A hart looks at the host's clock at least this often: about 100 µs of interpreted instructions, a tenth of that
    /// translated, for 25 ns.
    private static final long SLICE_INSTRUCTIONS = 10_000;

    /// What is added to the host's clock (while it runs), or the time at which it stands; one word, so that harts read it
    /// without a lock.
    private record Pace(boolean running, long ticks) {}

    private volatile Pace pace = new Pace(false, 0);

    @Override
    public long ticks() {
        Pace now = pace;
        return now.running ? now.ticks + hostTicks() : now.ticks;
    }

    @Override
    public synchronized void set(long now) {
        pace = pace.running ? new Pace(true, now - hostTicks()) : new Pace(false, now);
    }

    synchronized void run() {
        if (!pace.running) {
            pace = new Pace(true, pace.ticks - hostTicks());
        }
    }

    synchronized void stand() {
        if (pace.running) {
            pace = new Pace(false, ticks());
        }
    }

    /// How long until the time has come; 0 when it has, at most an hour.
    long nanosUntil(long deadlineTicks) {
        long now = ticks();
        if (Long.compareUnsigned(deadlineTicks, now) <= 0) {
            return 0;
        }
        long hour = 3600 * TICKS_PER_SECOND;
        long ticks = deadlineTicks - now;
        return (Long.compareUnsigned(ticks, hour) > 0 ? hour : ticks) * NANOS_PER_TICK;
    }

    @Override
    public long ticks(long retired) {
        return ticks();
    }

    @Override
    public long instructionsUntil(long deadlineTicks, long retired) {
        return SLICE_INSTRUCTIONS;
    }

    private static long hostTicks() {
        return System.nanoTime() / NANOS_PER_TICK;
    }
}
