package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.DiskException;

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

    /// What is known of it apart from volume and journal.
    Seal seal();

    /// Makes something durable.
    @FunctionalInterface
    interface Note {
        void run() throws DiskException;
    }

    /// Keeps more of the past from now on, or less, while the disk is used. When the base is to take on what is oldest, and was not until now, the
    /// volume gets for itself first what the journal ever changed.
    ///
    /// @param next its base is the one that this was opened with
    /// @param note makes that durable, for whoever opens the disk next; called once, or not when this throws before
    /// @throws holdfast.block.OperatorError when the journal has ended, or the disk is being closed
    void keep(Keeping next, JournalWriter.Limits limits, Note note) throws DiskException;

    /// Compresses at once all of the journal that is not written to any more, while the disk is used.
    ///
    /// @throws holdfast.block.OperatorError when the journal is damaged, cannot be written, or the disk is closed meanwhile
    JournalCompression.Result compress() throws DiskException;
}
