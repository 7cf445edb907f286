package holdfast.vhdx;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.ForwardingDevice;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.RecordingDevice;
import holdfast.block.Request;

/// A file that is recorded, also when it becomes shorter.
record ShrinkingStore(RecordingDevice recorded, long[] bytes, int[] shrunkAt) implements ForwardingDevice {

    static ShrinkingStore of(MemoryDevice file) {
        return new ShrinkingStore(
                new RecordingDevice(file), new long[] {file.geometry().sizeBytes()}, new int[] {Integer.MAX_VALUE});
    }

    @Override
    public BlockDevice below() {
        return recorded;
    }

    @Override
    public Geometry geometry() {
        Geometry all = recorded.geometry();
        return new Geometry(
                bytes[0], all.logicalBlockBytes(), all.physicalBlockBytes(), all.readOnly(), all.durable(), all.discard(),
                all.writeZeroes(), all.queueDepth());
    }

    @Override
    public void shrink(long to) {
        recorded.recording().mark("shrunk");
        shrunkAt[0] = recorded.recording().events().size();
        bytes[0] = to;
    }

    /// Whether a cut may leave the shorter file.
    boolean mayBeShorter(int time) {
        return time >= shrunkAt[0];
    }

    /// What is left of a file by a cut that has kept the shrinking.
    MemoryDevice shorter(MemoryDevice found) throws DiskException {
        var cut = new MemoryDevice(new ByteSize(bytes[0]));
        for (Extent extent : new Blocking(found).extents(0, bytes[0])) {
            if (!extent.readsZero()) {
                new Blocking(cut).write(extent.offset(), new Blocking(found).read(extent.offset(), (int) extent.length()));
            }
        }
        return cut;
    }

    @Override
    public void submit(Request request) {
        var admitted = geometry().admits(request);
        if (admitted == IoStatus.OK) {
            recorded.submit(request);
        } else {
            request.complete(admitted);
        }
    }
}
