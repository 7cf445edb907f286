package holdfast.journal;

import holdfast.block.DiskException;
import java.lang.foreign.MemorySegment;

/// What lies under a journal, where it can take on what is oldest in it while the disk over it is used. It is changed in nothing but what
/// the volume has for itself.
///
/// ```
/// begin → become → write, writeZeroes … → flush → end
/// ```
public interface RollingBase {
    /// What it is called ([holdfast.block.BlockDevice#identity]).
    String identity();

    /// What it is called after the next [#become].
    String nextIdentity();

    /// Keeps others from opening it until [#end].
    ///
    /// @return false when others have it open; nothing else may be called then
    boolean begin();

    /// It has the next name from here on, durably, and the volume takes it for the right one before and after.
    void become() throws DiskException;

    /// In whole logical blocks.
    void write(long offset, MemorySegment from) throws DiskException;

    void writeZeroes(long offset, long length) throws DiskException;

    /// Makes durable what was changed.
    void flush() throws DiskException;

    /// Lets others open it again, and makes durable what was changed till then.
    void end() throws DiskException;
}
