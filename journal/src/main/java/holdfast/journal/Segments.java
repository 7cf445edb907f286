package holdfast.journal;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
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

    /// Removes one that nobody has open; it is gone for good when this returns.
    ///
    /// @throws holdfast.block.OperatorError when it cannot be removed
    void remove(int number) throws DiskException;
}
