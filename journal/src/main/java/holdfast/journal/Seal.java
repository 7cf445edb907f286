package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.DiskException;

/// What somebody apart from volume and journal knows of the two: whether they agree, and how far the journal went then. It is on
/// stable storage.
///
/// ```
/// whole ── breakOpen ──→ broken: volume and journal are being changed
///   ↑                      │
///   └──────── put ─────────┘
/// ```
public interface Seal extends AutoCloseable {
    /// Whether volume and journal have not been changed since it was put.
    boolean isWhole();

    /// The last entry of the journal when it was put; the journal has it for good.
    long sequence();

    /// Called before the first change of either; durable when it returns.
    void breakOpen() throws DiskException;

    /// Called when both agree and are on stable storage.
    ///
    /// @param volume open and flushed
    /// @param sequence of the journal's last entry
    void put(BlockDevice volume, long sequence) throws DiskException;

    /// Called when the disk goes on without its journal: before the first change that is not journaled. Durable when it returns, and it is
    /// never put again.
    void end() throws DiskException;

    /// Called when the disk is closed.
    @Override
    default void close() {}
}
