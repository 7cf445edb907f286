package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.Geometry;
import holdfast.block.Request;

/// A device as who may not write sees it.
record ReadOnlyView(BlockDevice device) implements BlockDevice {
    @Override
    public Geometry geometry() {
        Geometry below = device.geometry();
        return new Geometry(
                below.sizeBytes(), below.logicalBlockBytes(), below.physicalBlockBytes(), true, below.durable(), below.discard(),
                below.writeZeroes(), below.queueDepth());
    }

    @Override
    public void submit(Request request) {
        device.submit(request);
    }

    @Override
    public Cancellation cancel(Request request) {
        return device.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return device.drain(deadlineNanos);
    }

    @Override
    public void close() {
        device.close();
    }
}
