package holdfast.journal;

import holdfast.block.BlockDevice;

/// A disk each of whose changes is in a journal, in order.
public sealed interface JournaledDisk extends BlockDevice permits JournaledDevice, JournalFirstDevice {
    /// What has the content, or will have it.
    BlockDevice volume();

    /// What the journal has and the volume may not have yet, bytes; 0 where both are written at once.
    long waitingBytes();

    /// Names this point of the stream: everything that was completed before is before it. It is on stable storage when this returns.
    ///
    /// @return its sequence
    /// @throws holdfast.block.OperatorError when the journal takes no more
    long mark(String markName);
}
