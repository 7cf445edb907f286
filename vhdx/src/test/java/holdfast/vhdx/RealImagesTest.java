package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.block.Blocking;
import holdfast.block.Extent;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.XZInputStream;

/// Files that Windows has written, and one that Hyper-V left with a log to be replayed. They are not part of the project; the
/// environment says where they are: `HOLDFAST_VHDX_SAMPLES`, a directory of `.vhdx.xz` files.
class RealImagesTest {
    private static final String SAMPLES = "HOLDFAST_VHDX_SAMPLES";

    @TempDir
    Path directory;

    private Path sample(String name, String as) throws Exception {
        String samples = System.getenv(SAMPLES);
        assumeTrue(samples != null, SAMPLES + " does not name the directory of the images");
        Path packed = Path.of(samples, name + ".xz");
        assumeTrue(Files.isReadable(packed), packed + " is not there");
        Path path = directory.resolve(as);
        try (InputStream in = new XZInputStream(Files.newInputStream(packed));
                OutputStream out = Files.newOutputStream(path)) {
            in.transferTo(out);
        }
        return path;
    }

    private static String digest(VhdxDisk disk) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        long size = disk.geometry().sizeBytes();
        int step = 4 << 20;
        for (long at = 0; at < size; at += step) {
            digest.update(new Blocking(disk).read(at, (int) Math.min(step, size - at)));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    @Test
    void aFixedDiskOfWindows() throws Exception {
        Path path = sample("dfvfs-fat-parent.vhdx", "fat-parent.vhdx");
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            assertThat(digest(disk)).isEqualTo("2d1954fec68faefe81dd3687282a9b387bf8417f6d2cf0da3825fa1445b64cfb");
            assertThat(disk.layers().getFirst().creator()).startsWith("Microsoft Windows");
        }
    }

    @Test
    void aDifferencingDiskOfWindowsOverIt() throws Exception {
        Path child = sample("dfvfs-fat-differential.vhdx", "child.vhdx");
        assertThatThrownBy(() -> VhdxDisk.open(child, null)).hasMessageContaining("its parent fat-parent.vhdx is not there");
        sample("dfvfs-fat-parent.vhdx", "fat-parent.vhdx");
        try (VhdxDisk disk = VhdxDisk.open(child, null)) {
            assertThat(digest(disk)).isEqualTo("a538161f34bc44c12bf9a542ce9218741c62728723ea18d0e4f6ea92e9f32e93");
        }
    }

    /// QEMU replays the log in the file; block by block we read the same without.
    @Test
    @Needs("qemu-img")
    void aLogThatHyperVLeftIsReplayedAsQemuReplaysIt() throws Exception {
        Path path = sample("iotest-dirtylog-10G-4M.vhdx", "dirty.vhdx");
        Path repaired = Files.copy(path, directory.resolve("repaired.vhdx"));
        Program.output("qemu-img", "check", "-q", "-r", "all", repaired);
        try (VhdxDisk disk = VhdxDisk.open(path, null);
                VhdxDisk expected = VhdxDisk.open(repaired, null)) {
            assertThat(disk.layers().getFirst().dirty()).isTrue();
            long read = 0;
            for (Extent extent : new Blocking(expected).extents(0, expected.geometry().sizeBytes())) {
                if (extent.allocated()) {
                    assertThat(new Blocking(disk).read(extent.offset(), (int) extent.length()))
                            .isEqualTo(new Blocking(expected).read(extent.offset(), (int) extent.length()));
                    read += extent.length();
                }
            }
            assertThat(read).isPositive();
        }
    }

    @Test
    @Tag("long")
    void theWholeDiskOfThatLog() throws Exception {
        try (VhdxDisk disk = VhdxDisk.open(sample("iotest-dirtylog-10G-4M.vhdx", "dirty.vhdx"), null)) {
            assertThat(digest(disk)).isEqualTo("179cefe8b0587f123393eedf2aa7aa8d25798591178e6bc3950a09762f38f96f");
        }
    }
}
