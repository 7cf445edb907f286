package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.JournalLayer;
import holdfast.block.StorageLayer;
import holdfast.journal.Seal;

/// A seal in the descriptor of a disk: whole while that says that the disk was closed in order.
///
/// @param file open, and closed with this
record DescriptorSeal(DescriptorFile file) implements Seal {
    JournalLayer layer() {
        return file.descriptor().journal().orElseThrow();
    }

    @Override
    public boolean isWhole() {
        return file.descriptor().closed();
    }

    @Override
    public long sequence() {
        return layer().sequence();
    }

    @Override
    public void breakOpen() throws DiskException {
        file.begin();
    }

    @Override
    public void put(BlockDevice volume, long sequence) throws DiskException {
        file.agree(StorageLayer.fingerprintOf(volume), sequence);
    }

    @Override
    public void end() throws DiskException {
        file.journalEnded();
    }

    @Override
    public void close() {
        file.close();
    }
}
