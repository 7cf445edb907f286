package holdfast.machine;

import holdfast.block.BlockDevice;
import holdfast.block.ForwardingDevice;
import holdfast.block.Geometry;

/// A disk as its device sees it: what is behind it can be replaced while the machine is paused and nothing is under way.
final class DiskOutlet implements ForwardingDevice {
    private volatile BlockDevice target;

    DiskOutlet(BlockDevice target) {
        this.target = target;
    }

    /// While the machine stands.
    ///
    /// @throws IllegalArgumentException when the other is smaller, or has another unit of addressing: the guest would not
    ///     understand
    void replace(BlockDevice other) {
        Geometry here = target.geometry();
        Geometry there = other.geometry();
        if (there.sizeBytes() < here.sizeBytes() || there.logicalBlockBytes() != here.logicalBlockBytes()) {
            throw new IllegalArgumentException("a disk of " + here + " cannot be replaced by one of " + there);
        }
        target = other;
    }

    @Override
    public BlockDevice below() {
        return target;
    }

    @Override
    public void close() {
        // The disk is the caller's.
    }
}
