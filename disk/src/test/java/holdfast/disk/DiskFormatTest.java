package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.RawFile;
import holdfast.vhdx.NewVhdx;
import holdfast.vhdx.VhdxDisk;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFormatTest {
    @TempDir
    Path directory;

    private Path vhdx(String name) {
        Path path = directory.resolve(name);
        NewVhdx.create(path, new NewVhdx.Shape(1 << 20, 1 << 20, 512, false));
        return path;
    }

    private Path raw(String name) throws Exception {
        return Files.write(directory.resolve(name), new byte[4096]);
    }

    @Test
    void aFileIsWhatItsContentSays() throws Exception {
        assertThat(DiskFormat.of(vhdx("disk.vhdx"))).isEqualTo(DiskFormat.VHDX);
        assertThat(DiskFormat.of(vhdx("disk.AVHDX"))).isEqualTo(DiskFormat.VHDX);
        assertThat(DiskFormat.of(raw("disk"))).isEqualTo(DiskFormat.RAW);
    }

    /// What a guest writes to its raw disk must not make that a chain of files of this host.
    @Test
    void whatAGuestMayHaveWrittenToARawDiskIsNoFormat() {
        assertThat(DiskFormat.of(vhdx("disk.raw"))).isEqualTo(DiskFormat.RAW);
        assertThat(DiskFormat.of(vhdx("disk.img"))).isEqualTo(DiskFormat.RAW);
        Path unnamed = vhdx("disk");
        assertThatThrownBy(() -> DiskFormat.of(unnamed)).hasMessageContaining("begins as a VHDX file does, and is not named as one");
    }

    @Test
    void aFileThatIsNamedAsAVhdxFileAndIsNoneIsRefused() throws Exception {
        Path path = raw("disk.vhdx");
        assertThatThrownBy(() -> Disks.open(path, Access.READ_WRITE, null)).hasMessageContaining("disk.vhdx: is no VHDX file");
    }

    @Test
    void aNewFileIsNamedSoThatItIsTakenForWhatItIs() {
        assertThat(DiskFormat.ofNew(Path.of("a.IMG"), null)).isEqualTo(DiskFormat.RAW);
        assertThat(DiskFormat.ofNew(Path.of("a.avhdx"), null)).isEqualTo(DiskFormat.VHDX);
        assertThat(DiskFormat.ofNew(Path.of("a"), DiskFormat.RAW)).isEqualTo(DiskFormat.RAW);
        assertThatThrownBy(() -> DiskFormat.ofNew(Path.of("a.qcow2"), null)).hasMessageContaining("does not say by its name");
        assertThatThrownBy(() -> DiskFormat.ofNew(Path.of("a.img"), DiskFormat.VHDX)).hasMessageContaining("name it *.vhdx");
        assertThatThrownBy(() -> DiskFormat.ofNew(Path.of("a"), DiskFormat.VHDX)).hasMessageContaining("name it *.vhdx");
        assertThatThrownBy(() -> DiskFormat.ofNew(Path.of("a.vhdx"), DiskFormat.RAW)).hasMessageContaining("name it *.raw");
        assertThatThrownBy(() -> DiskFormat.ofNew(Path.of("a.holdfast"), DiskFormat.RAW)).hasMessageContaining("name it *.raw");
    }

    @Test
    void disksAreOpenedAsWhatTheyAre() throws Exception {
        Path raw = raw("disk.raw");
        Path vhdx = vhdx("disk.vhdx");
        try (BlockDevice one = Disks.open(raw, Access.READ_WRITE, null);
                BlockDevice other = Disks.open(vhdx, Access.READ_ONLY, null)) {
            assertThat(one).isInstanceOf(RawFile.class);
            assertThat(other).isInstanceOf(VhdxDisk.class);
        }
        try (BlockDevice written = Disks.open(vhdx, Access.READ_WRITE, null)) {
            assertThat(written.geometry().readOnly()).isFalse();
        }
        assertThatThrownBy(() -> Disks.open(raw, Access.READ_ONLY, vhdx)).hasMessageContaining("has no parent");
    }
}
