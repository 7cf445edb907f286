package holdfast.machine;

import holdfast.block.BlockDevice;
import holdfast.block.Geometry;
import holdfast.block.Request;
import java.util.Optional;

/// A disk as its device sees it: what is behind it can be replaced while the machine is paused and nothing is under way.
final class DiskOutlet implements BlockDevice {
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
    public Geometry geometry() {
        return target.geometry();
    }

    @Override
    public void grow(long bytes) {
        target.grow(bytes);
    }

    @Override
    public Optional<String> identity() {
        return target.identity();
    }

    @Override
    public void submit(Request request) {
        target.submit(request);
    }

    @Override
    public Cancellation cancel(Request request) {
        return target.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return target.drain(deadlineNanos);
    }

    @Override
    public void close() {
        // The disk is the caller's.
    }
}
