package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Puts into the volume what only the journal has, batch by batch:
///
/// ```
/// the journal is flushed → the newest content of each byte goes into the volume → the volume is flushed → DONE goes into the journal
/// ```
///
/// The volume never has what the journal may lose. Until an entry is done it is applied again after a crash; that is the same whether
/// the volume has some of it or not.
final class Applier implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(JournaledDevice.class.getName());

    /// Of the volume's, so that reads find a place among them.
    private static final int REQUESTS_MAX = 16;

    private static final long JOINED_BYTES_MAX = 1 << 20;

    private final BlockDevice volume;
    private final JournalWriter writer;
    private final NotApplied waiting;
    private final String name;

    /// Whoever applies a batch.
    private final ReentrantLock applying = new ReentrantLock();

    private final Thread background;

    /// @param name of the journal
    /// @param byItself whether it goes on in the background
    Applier(BlockDevice volume, JournalWriter writer, NotApplied waiting, String name, boolean byItself) {
        this.volume = volume;
        this.writer = writer;
        this.waiting = waiting;
        this.name = name;
        Thread.Builder thread = Thread.ofVirtual().name("journal applier");
        background = byItself ? thread.start(this::run) : thread.unstarted(this::run);
    }

    private void run() {
        boolean failed = false;
        while (waiting.awaitDue(failed)) {
            try {
                batch();
                failed = false;
            } catch (DiskException e) {
                LOG.log(
                        failed ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING,
                        name + ": what the journal has cannot be put into the disk (" + e.getMessage() + ")");
                failed = true;
            }
        }
    }

    /// Applies the next batch.
    ///
    /// @return false when nothing waits
    private boolean batch() throws DiskException {
        applying.lock();
        try {
            NotApplied.Batch batch = waiting.take();
            if (batch == null) {
                return false;
            }
            flushJournal();
            write(batch);
            flushVolume();
            writer.append(EntryKind.DONE, 0, 0, Entry.ofNumber(batch.last()), null);
            waiting.done();
            return true;
        } finally {
            applying.unlock();
        }
    }

    /// Everything that waits now is in the volume, on stable storage, when this returns.
    void all() throws DiskException {
        // What was taken before, and what has come since then: whatever comes now is not waited for.
        if (batch()) {
            var _ = batch();
        }
    }

    /// The same of a disk whose journal cannot be written any more, and is about to end.
    void allWithoutJournal() throws DiskException {
        applying.lock();
        try {
            for (NotApplied.Batch batch = waiting.take(); batch != null; batch = waiting.take()) {
                write(batch);
                flushVolume();
                waiting.done();
            }
        } finally {
            applying.unlock();
        }
    }

    /// Waits until a change with so much data goes in: whoever has too much for those behind him helps them.
    void makeRoom(long bytes) throws DiskException {
        while (!waiting.hasRoom(bytes) && batch()) {
            // again
        }
    }

    private void flushJournal() throws DiskException {
        writer.flush();
    }

    private void flushVolume() throws DiskException {
        new Blocking(volume).flush();
    }

    private void write(NotApplied.Batch batch) throws DiskException {
        var failure = new AtomicReference<@Nullable IoStatus>();
        var places = new Semaphore(REQUESTS_MAX);
        Request.Completion done = (_, status) -> {
            if (status != IoStatus.OK) {
                failure.set(status);
            }
            places.release();
        };
        for (NewestBytes.Part part : batch.newest().joined(JOINED_BYTES_MAX)) {
            places.acquireUninterruptibly();
            MemorySegment memory = part.memory();
            volume.submit(memory == null
                    ? new Request.WriteZeroes(part.offset(), part.length(), true, false, false, done)
                    : new Request.Write(part.offset(), memory.asSlice(part.position(), part.length()), false, done));
        }
        places.acquireUninterruptibly(REQUESTS_MAX);
        IoStatus status = failure.get();
        if (status != null) {
            throw new DiskException("what waits in the journal", status);
        }
    }

    /// Waits for a batch that has begun.
    @Override
    public void close() {
        waiting.end();
        boolean interrupted = false;
        while (background.getState() != Thread.State.NEW && background.isAlive()) {
            try {
                background.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
