package holdfast.journal;

import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;

/// What a disk that is open puts into its journal, in order, and that its seal is broken before.
final class JournalStream {
    private static final System.Logger LOG = System.getLogger(JournaledDevice.class.getName());

    private final JournalWriter writer;
    private final Seal seal;
    private final String name;

    /// Decides the order of changes.
    private final ReentrantLock order = new ReentrantLock();

    private boolean begun;
    private boolean flushNoted;

    /// @param name of the journal
    /// @param begun whether the seal is broken already
    JournalStream(JournalWriter writer, Seal seal, String name, boolean begun) {
        this.writer = writer;
        this.seal = seal;
        this.name = name;
        this.begun = begun;
    }

    ReentrantLock order() {
        return order;
    }

    /// Under [#order].
    void begin() throws DiskException {
        if (!begun) {
            seal.breakOpen();
            begun = true;
        }
    }

    void beginAlone() throws DiskException {
        order.lock();
        try {
            begin();
        } finally {
            order.unlock();
        }
    }

    boolean hasBegun() {
        order.lock();
        try {
            return begun;
        } finally {
            order.unlock();
        }
    }

    /// Under [#order]: a flush that comes is worth noting again.
    void changed() {
        flushNoted = false;
    }

    void noteFlush() {
        order.lock();
        try {
            if (begun && !flushNoted) {
                writer.append(EntryKind.FLUSH, 0, 0, MemorySegment.NULL, null);
                flushNoted = true;
            }
        } catch (DiskException e) {
            // Nothing depends on this entry. If the journal has lost something, its flush will say so.
            LOG.log(System.Logger.Level.DEBUG, name + ": a flush was not noted", e);
        } finally {
            order.unlock();
        }
    }

    /// On stable storage when this returns.
    void note(Rolled rolled) throws DiskException {
        order.lock();
        try {
            begin();
            writer.append(EntryKind.ROLLED, 0, 0, rolled.encode(), null);
        } finally {
            order.unlock();
        }
        writer.flush();
    }

    /// On stable storage when this returns.
    ///
    /// @return its sequence
    /// @throws OperatorError when the journal takes no more
    long mark(String markName, Ending ending) {
        byte[] bytes = markName.getBytes(StandardCharsets.UTF_8);
        MemorySegment data = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
        if (ending.isOver()) {
            throw OpenJournal.ended(name);
        }
        try {
            long sequence;
            order.lock();
            try {
                begin();
                sequence = writer.append(EntryKind.MARK, 0, 0, data, null);
                changed();
            } finally {
                order.unlock();
            }
            writer.flush();
            return sequence;
        } catch (DiskException e) {
            throw new OperatorError(name, "takes no mark (" + e.status() + ")", "look after the storage it is on");
        }
    }
}
