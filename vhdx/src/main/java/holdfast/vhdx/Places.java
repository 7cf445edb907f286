package holdfast.vhdx;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;

/// The places of a file that is written to: found where there is room, the file made long enough, and nothing in them of what was
/// there before.
final class Places {
    private static final System.Logger LOG = System.getLogger(Places.class.getName());

    private final VhdxFile file;
    private final BlockDevice device;
    private final Blocking store;
    private final FreeSpace space;

    /// @param file whose space is this object's from now on
    Places(VhdxFile file) {
        this.file = file;
        device = file.store();
        store = new Blocking(device);
        space = new FreeSpace(file.takeUsedMebibytes());
    }

    /// How long the file would be if it had nothing free in it.
    long usedBytes() {
        return space.usedBytes();
    }

    /// Takes a place of so many bytes, a multiple of 1 MiB.
    ///
    /// @param overwritten whether all of it is written before it is shown; else it is all zeros
    long take(long bytes, boolean overwritten) throws DiskException {
        long place = space.take(bytes);
        try {
            empty(place, bytes, overwritten);
            return place;
        } catch (DiskException e) {
            space.give(place, bytes);
            throw e;
        }
    }

    /// Takes the first place that there is, if all of it is before another one; it is all zeros.
    ///
    /// @return 0 when it is not
    long takeBefore(long limit, long bytes) throws DiskException {
        long place = space.take(bytes);
        if (place + bytes > limit) {
            space.give(place, bytes);
            return 0;
        }
        try {
            empty(place, bytes, false);
            return place;
        } catch (DiskException e) {
            space.give(place, bytes);
            throw e;
        }
    }

    /// Makes holes of what is free.
    void discardFree() throws DiskException {
        for (FreeSpace.Run run : space.freeBelow(device.geometry().sizeBytes())) {
            store.discard(run.offset(), run.bytes());
        }
    }

    /// Ends the file where nothing comes any more. Nothing of it is left to be replayed: a log says how long its file is at least.
    void cutOff() {
        long end = space.end();
        if (end < device.geometry().sizeBytes()) {
            try {
                device.shrink(end);
            } catch (OperatorError e) {
                LOG.log(System.Logger.Level.INFO, file.name() + ": stays as long as it is, " + e.getMessage());
            }
        }
    }

    /// Makes the file long enough for a place, and takes out what was in it, unless that is overwritten.
    void empty(long place, long bytes, boolean overwritten) throws DiskException {
        long stale = lengthen(place, bytes);
        if (stale > 0 && !overwritten) {
            zero(place, stale);
        }
    }

    /// @return how much of the place may hold anything; what the file grows by is zeros
    private long lengthen(long place, long bytes) throws DiskException {
        synchronized (space) {
            long before = device.geometry().sizeBytes();
            if (place + bytes > before) {
                try {
                    device.grow(place + bytes);
                } catch (OperatorError e) {
                    throw new DiskException("growing " + file.name(), IoStatus.NO_SPACE);
                }
            }
            return Math.max(0, Math.min(place + bytes, before) - place);
        }
    }

    /// Zeroes a part of a place; in a fixed disk it keeps its space, or takes it.
    void zero(long offset, long bytes) throws DiskException {
        boolean mayUnmap = !file.metadata().fixed();
        store.await(done -> new Request.WriteZeroes(offset, bytes, mayUnmap, false, false, done));
    }

    /// Gives a place back in which nothing was ever shown.
    void give(long place, long bytes) {
        space.give(place, bytes);
    }

    /// Gives a place back to the host, and for whatever comes next.
    void free(long place, long bytes) throws DiskException {
        store.discard(place, bytes);
        space.give(place, bytes);
    }
}
