package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.block.Silence;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// Storage that fails, and how much is asked of it.
class FaultsTest {
    private static final int MIB = 1 << 20;

    /// A device whose reads of a part of it fail, as long as `broken` is set.
    private static FaultyDevice failing(BlockDevice device, long from, long to, AtomicBoolean broken) {
        return new FaultyDevice(device, request -> request instanceof Request.Read read
                        && broken.get() && read.offset() < to && read.offset() + read.into().byteSize() > from
                ? new Fault.Fail(IoStatus.IO_ERROR)
                : new Fault.None());
    }

    @Test
    void aMapThatCannotBeReadFailsTheReadAndIsReadAgainLater() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(1, new byte[] {1});
        var broken = new AtomicBoolean();
        var store = failing(sample.store(), Sample.BAT_OFFSET, Sample.BAT_OFFSET + MIB, broken);
        try (var _ = Silence.of(VhdxDisk.class);
                VhdxDisk disk = VhdxDisk.of(List.of(VhdxFile.of(store, "sample.vhdx")))) {
            broken.set(true);
            assertThatThrownBy(() -> new Blocking(disk).read(MIB, 512)).hasMessageContaining("IO_ERROR");
            assertThatThrownBy(() -> new Blocking(disk).extents(0, MIB)).hasMessageContaining("IO_ERROR");
            broken.set(false);
            assertThat(new Blocking(disk).read(MIB, 512)[0]).isEqualTo((byte) 1);
            broken.set(true);
            assertThat(new Blocking(disk).read(MIB, 512)[0]).as("known by now").isEqualTo((byte) 1);
        }
    }

    @Test
    void dataThatCannotBeReadFailsTheWholeRead() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(1, new byte[] {1}).block(3, new byte[] {3});
        var broken = new AtomicBoolean(true);
        var store = failing(sample.store(), sample.end() - MIB, sample.end(), broken);
        try (VhdxDisk disk = VhdxDisk.of(List.of(VhdxFile.of(store, "sample.vhdx")))) {
            assertThatThrownBy(() -> new Blocking(disk).read(0, 4 * MIB)).hasMessageContaining("IO_ERROR");
            assertThat(new Blocking(disk).read(0, 2 * MIB)[MIB]).isEqualTo((byte) 1);
        }
    }

    @Test
    void aFileThatCannotBeReadIsSaidToBeSo() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(4 * MIB, MIB));
        for (long at : new long[] {0, Header.FIRST_OFFSET, RegionTable.FIRST_OFFSET, Sample.METADATA_OFFSET}) {
            var store = failing(sample.store(), at, at + 512, new AtomicBoolean(true));
            assertThatThrownBy(() -> VhdxFile.of(store, "sample.vhdx"))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("sample.vhdx: cannot be read (IO_ERROR)");
        }
    }

    /// The map of such a disk has 512 MiB; what is not asked for is not read, and so takes no memory.
    @Test
    void aDiskOf64TebibytesIsOpenedWithoutReadingItsMap() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(64L << 40, MIB)).block((64L << 20) - 1, new byte[] {1});
        var bytes = new AtomicLong();
        var store = new FaultyDevice(sample.store(), request -> {
            bytes.addAndGet(request instanceof Request.Read read ? read.into().byteSize() : 0);
            return new Fault.None();
        });
        try (VhdxDisk disk = VhdxDisk.of(List.of(VhdxFile.of(store, "sample.vhdx")))) {
            assertThat(new Blocking(disk).read((64L << 40) - MIB, 512)[0]).isEqualTo((byte) 1);
            assertThat(new Blocking(disk).read(1L << 40, 512)).containsOnly(0);
        }
        assertThat(bytes.get()).isLessThan(MIB);
    }

    @Test
    void bitmapsAreKeptOnceRead() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(0, new byte[] {1});
        var own = new BitSet();
        own.set(7);
        Sample child = Sample.inMemory(Sample.over(
                parent.metadata(), MIB, Map.of(ParentLocator.LINKAGE, Guid.text(parent.content())))).partial(0, own, new byte[MIB]);
        var reads = new AtomicLong();
        var store = new FaultyDevice(child.store(), request -> {
            reads.addAndGet(request instanceof Request.Read ? 1 : 0);
            return new Fault.None();
        });
        try (VhdxDisk disk = VhdxDisk.of(List.of(VhdxFile.of(store, "child.vhdx"), parent.file()))) {
            new Blocking(disk).read(0, 512);
            reads.set(0);
            assertThat(new Blocking(disk).read(0, 512)[0]).isEqualTo((byte) 1);
            assertThat(reads).hasValue(0);
        }
    }
}
