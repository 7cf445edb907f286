package holdfast.journal;

import java.util.concurrent.TimeUnit;

/// Whether a disk is busy: by how many changes it has been given since that was last asked.
final class ChangeRate {
    /// More changes a second are a busy disk.
    static final long BUSY = 2000;

    private long sequence;
    private long nanos;

    /// @param sequence of the last change
    /// @param nanos a time of [System#nanoTime]
    ChangeRate(long sequence, long nanos) {
        this.sequence = sequence;
        this.nanos = nanos;
    }

    boolean isBusy(long sequenceNow, long nanosNow) {
        boolean busy = (sequenceNow - sequence) * TimeUnit.SECONDS.toNanos(1) > BUSY * (nanosNow - nanos);
        sequence = sequenceNow;
        nanos = nanosNow;
        return busy;
    }
}
