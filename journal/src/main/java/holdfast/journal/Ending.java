package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// That a disk goes on without its journal, which is full, where that was asked for. What the journal has stays.
final class Ending {
    private static final System.Logger LOG = System.getLogger(JournaledDevice.class.getName());

    private final Seal seal;
    private final Supplier<Keeping> keeping;
    private final ReentrantLock order;
    private final String name;
    private volatile boolean over;

    /// @param keeping what is kept at the moment
    /// @param order decides the order of changes
    /// @param name of the journal
    Ending(Seal seal, Supplier<Keeping> keeping, ReentrantLock order, String name) {
        this.seal = seal;
        this.keeping = keeping;
        this.order = order;
        this.name = name;
    }

    /// Whether the journal has ended.
    boolean isOver() {
        return over;
    }

    /// It ends, durably.
    void end() throws DiskException {
        order.lock();
        try {
            if (!over) {
                seal.end();
                over = true;
                LOG.log(System.Logger.Level.WARNING, name + ": the journal is full and has ended; the disk is not protected any more");
            }
        } finally {
            order.unlock();
        }
    }

    /// Whether a failure of the journal does not matter, since it has ended, or ends because its storage is full.
    boolean covers(IoStatus status) throws DiskException {
        if (status == IoStatus.NO_SPACE && keeping.get().endsWhenFull()) {
            end();
        }
        return over && status != IoStatus.OK;
    }

    /// The same; a journal that cannot end has not.
    boolean coversQuietly(IoStatus status) {
        try {
            return covers(status);
        } catch (DiskException e) {
            LOG.log(System.Logger.Level.ERROR, name + ": cannot end, and is full (" + e.getMessage() + ")");
            return false;
        }
    }

    /// A change of a disk whose journal has ended.
    static void changeAlone(BlockDevice volume, Request change) throws DiskException {
        var done = new CompletableFuture<IoStatus>();
        volume.submit(change.completing((_, status) -> done.complete(status)));
        if (done.join() != IoStatus.OK) {
            throw new DiskException("a change", done.join());
        }
    }
}
