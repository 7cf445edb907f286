package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.Request;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DiskCopyTest {
    private static final int SIZE = (70 << 20) + 512;

    @TempDir
    Path directory;

    private static MemoryDevice source() throws Exception {
        var source = new MemoryDevice(new ByteSize(SIZE));
        var random = new Random(1);
        for (int i = 0; i < 30; i++) {
            int at = 512 * random.nextInt(SIZE / 512 - 2000);
            byte[] data = new byte[512 * (1 + random.nextInt(2000))];
            if (i % 4 != 0) {
                random.nextBytes(data);
            }
            new Blocking(source).write(at, data);
        }
        new Blocking(source).write(SIZE - 512, filled());
        return source;
    }

    private static byte[] filled() {
        byte[] sector = new byte[512];
        Arrays.fill(sector, (byte) 9);
        return sector;
    }

    @ParameterizedTest
    @EnumSource
    void aCopyIsTheSameDiskAndTakesNoMoreRoomThanItHasData(DiskFormat format) throws Exception {
        Path target = directory.resolve(format == DiskFormat.RAW ? "copy.raw" : "copy.vhdx");
        MemoryDevice source = source();
        DiskCopy.copy(source, "source", target, format);
        try (BlockDevice copy = Disks.open(target, Access.READ_ONLY, null)) {
            assertThat(copy.geometry().sizeBytes()).isEqualTo(SIZE);
            assertThat(new Blocking(copy).read(0, SIZE)).isEqualTo(new Blocking(source).read(0, SIZE));
        }
        assertThat(Program.allocatedBytes(target)).isLessThan(32 << 20);
    }

    @Test
    @Needs("qemu-img")
    void qemuImgFindsBothCopiesIdenticalAndNothingWrongInThem() throws Exception {
        Path raw = directory.resolve("copy.raw");
        Path vhdx = directory.resolve("copy.vhdx");
        MemoryDevice source = source();
        DiskCopy.copy(source, "source", raw, DiskFormat.RAW);
        DiskCopy.copy(source, "source", vhdx, DiskFormat.VHDX);
        assertThat(Program.output("qemu-img", "compare", raw, vhdx)).contains("Images are identical");
        assertThat(Program.output("qemu-img", "check", "-f", "vhdx", vhdx)).contains("No errors");
    }

    @Test
    void aCopyIsAnotherDiskThanThatOfAVhdxFileAndHasItsContent() throws Exception {
        Path one = directory.resolve("one.vhdx");
        Path two = directory.resolve("two.vhdx");
        DiskCopy.copy(source(), "source", one, DiskFormat.VHDX);
        try (BlockDevice device = Disks.open(one, Access.READ_ONLY, null)) {
            DiskCopy.copy(device, "one.vhdx", two, DiskFormat.VHDX);
            try (BlockDevice copy = Disks.open(two, Access.READ_ONLY, null)) {
                assertThat(copy.identity()).isNotEqualTo(device.identity());
                assertThat(new Blocking(copy).read(0, SIZE)).isEqualTo(new Blocking(device).read(0, SIZE));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTargetThatIsThereIsLeftAlone(DiskFormat format) throws Exception {
        Path target = Files.writeString(directory.resolve("copy.raw"), "precious");
        assertThatThrownBy(() -> DiskCopy.copy(source(), "source", target, format)).hasMessageContaining("is there already");
        assertThat(target).hasContent("precious");
        Path nowhere = directory.resolve("none/copy.raw");
        assertThatThrownBy(() -> DiskCopy.copy(source(), "source", nowhere, format)).hasMessageContaining("no such directory");
    }

    @ParameterizedTest
    @EnumSource
    void aSourceThatFailsLeavesNoTarget(DiskFormat format) throws Exception {
        Path target = directory.resolve("copy.raw");
        var source = new FaultyDevice(source(), request -> request instanceof Request.Read read && read.offset() > 1 << 20
                ? new Fault.Fail(IoStatus.IO_ERROR)
                : new Fault.None());
        assertThatThrownBy(() -> DiskCopy.copy(source, "source.raw", target, format))
                .hasMessageContaining("source.raw: cannot be read (IO_ERROR)");
        assertThat(target).doesNotExist();
    }
}
