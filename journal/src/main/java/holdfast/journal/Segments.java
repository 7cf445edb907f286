package holdfast.journal;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.SortedSet;
import java.util.UUID;

/// Where the segments of a journal are kept.
public interface Segments {
    /// The journal that should be here; empty for any.
    default Optional<UUID> journal() {
        return Optional.empty();
    }

    /// What the operator calls the place.
    String name();

    /// What the operator calls one of them.
    String name(int number);

    /// The numbers of those that are there.
    SortedSet<Integer> numbers();

    /// Opens one; the caller closes it.
    ///
    /// @throws holdfast.block.OperatorError when it cannot be opened so
    BlockDevice open(int number, Access access);

    /// Opens one for reading, whoever writes to it meanwhile; the caller closes it.
    ///
    /// @throws holdfast.block.OperatorError when it cannot be opened so
    default BlockDevice peek(int number) {
        return open(number, Access.READ_ONLY);
    }

    /// Makes one that begins with these bytes and reads as zeros after them, and opens it for writing. After a power cut it is there
    /// with its beginning, or not there; when this returns it is there for good.
    ///
    /// @param bytes its size, a multiple of 4096
    /// @throws holdfast.block.OperatorError when there is one of this number, or it cannot be made
    BlockDevice create(int number, byte[] beginning, long bytes) throws DiskException;

    /// What is kept beside a segment as its [SegmentIndex]; empty when there is nothing, or it cannot be read.
    default Optional<byte[]> index(int number) {
        return Optional.empty();
    }

    /// Keeps something beside a segment as its index, in place of what was there. After a power cut there is one of both, or none.
    ///
    /// @throws holdfast.block.OperatorError when it cannot be kept
    default void putIndex(int number, byte[] index) throws DiskException {}

    /// A segment in the making that is to take the place of one that is there.
    interface Replacement extends AutoCloseable {
        void write(long position, MemorySegment bytes) throws DiskException;

        /// What was written, on stable storage, for reading; the caller closes it. Nothing is written any more.
        BlockDevice written() throws DiskException;

        /// It is in the other's place, for good when this returns; after a power cut before that there is one of both. Whoever has the other one open keeps it.
        void put() throws DiskException;

        /// Removes what was not put.
        @Override
        void close();
    }

    /// Begins to make another segment in place of one.
    ///
    /// @param bytesMax how large it will be at most
    /// @throws holdfast.block.OperatorError when it cannot be made
    default Replacement replacement(int number, long bytesMax) throws DiskException {
        throw new UnsupportedOperationException(name() + " takes no other segments");
    }

    /// Removes one that nobody has open, and its index; it is gone for good when this returns.
    ///
    /// @throws holdfast.block.OperatorError when it cannot be removed
    void remove(int number) throws DiskException;
}
