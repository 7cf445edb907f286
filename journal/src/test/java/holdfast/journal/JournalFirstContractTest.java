package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.BlockDeviceContract;
import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import java.util.Random;

class JournalFirstContractTest extends BlockDeviceContract {
    @Override
    protected BlockDevice open() throws Exception {
        var segments = new MemorySegments(null);
        JournalWriter.begin(segments, new SegmentHeader(Sample.ID, 1, 1, 0, 512, 1, SIZE, ""));
        return JournalFirstDevice.open(
                new JournaledDevice.Parts(
                        new MemoryDevice(new ByteSize(SIZE)), () -> new MemoryDevice(new ByteSize(SIZE)), segments, new MemorySeal(true, 0, null),
                        Sample.SMALL, 0, new Steps(Sample.NOON), new Random(1)::nextInt, Keeping.ALL),
                new NotApplied.Pace(256 << 10, 64 << 10, 1_000_000, true));
    }
}
