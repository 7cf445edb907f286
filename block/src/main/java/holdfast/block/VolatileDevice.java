package holdfast.block;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// A disk in memory with a write cache that is lost when its power fails: what was flushed, or written with force unit
/// access, stays; of the rest any part may be lost. For tests of what a whole machine finds after a power cut.
///
/// ```
/// powered ── cutPower ──→ dead (every request ends with IO_ERROR) ── restorePower ──→ powered, cache empty
/// ```
public final class VolatileDevice implements BlockDevice {
    private final MemoryDevice stable;
    private final Underway underway;
    private final List<Change> cache = new ArrayList<>();
    private boolean powered = true;

    /// @param stable what does not lose its content; the caller's, not closed with this device
    public VolatileDevice(MemoryDevice stable) {
        this.stable = stable;
        underway = new Underway("volatile disk", stable.geometry().queueDepth());
    }

    @Override
    public Geometry geometry() {
        return stable.geometry();
    }

    @Override
    public void submit(Request request) {
        underway.enter();
        IoStatus admitted = geometry().admits(request);
        underway.finish(request, admitted == IoStatus.OK ? execute(request) : admitted);
    }

    private synchronized IoStatus execute(Request request) {
        if (!powered) {
            return IoStatus.IO_ERROR;
        }
        switch (request) {
            case Request.Read read -> read(read);
            case Request.Flush _ -> flush();
            case Request.Extents extents ->
                extents.extents().accept(new Extent(extents.offset(), extents.length(), true, false));
            case Request.Write _, Request.WriteZeroes _, Request.Discard _ -> {
                Change change = Change.of(request);
                if (change != null) {
                    cache.add(change);
                }
            }
        }
        return IoStatus.OK;
    }

    private void read(Request.Read read) {
        stable.read(read.offset(), read.into());
        for (Change change : cache) {
            change.overlay(read.offset(), read.into());
        }
    }

    private void flush() {
        for (Change change : cache) {
            change.apply(stable);
        }
        cache.clear();
    }

    /// Loses what `random` says of what was not flushed, and answers no more.
    public synchronized void cutPower(RandomGenerator random) {
        cutPower(Survival.random(random));
    }

    public synchronized void cutPower(Survival survival) {
        powered = false;
        int index = 0;
        for (Change change : cache) {
            if (change.forceUnitAccess()) {
                change.apply(stable);
            } else {
                change.apply(stable, survival, index++);
            }
        }
        cache.clear();
    }

    public synchronized void restorePower() {
        powered = true;
    }

    @Override
    public Cancellation cancel(Request request) {
        return Cancellation.DONE;
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return underway.drain(deadlineNanos);
    }

    @Override
    public void close() {
        underway.close();
    }
}
