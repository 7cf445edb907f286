package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.image.QemuGuest.Session;
import holdfast.testkit.Needs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The Debian that a machine of ours has built, booted by somebody else's machine.
@Tag("system")
@Tag("long")
@Timeout(1800)
@Needs("qemu-system-riscv64")
final class DebianInQemuTest {
    @TempDir
    Path home;

    @Test
    void qemuBootsTheSameImage() throws Exception {
        Image debian = TestImage.debian();
        Path disk = home.resolve("disk");
        ContentDigest.copySparse(Objects.requireNonNull(debian.disk()), disk, Progress.NONE);
        // Short: paths of sockets may have 107 characters.
        Path sockets = Files.createTempDirectory("hf");
        try (QemuGuest guest = QemuGuest.boot(
                debian, sockets, "-device", "virtio-blk-pci,drive=d0", "-drive", "if=none,id=d0,format=raw,file=" + disk)) {
            guest.awaitConsole("root@debian:~#");
            Session session = guest.session(0).ready();
            assertThat(session.run("systemctl is-system-running --wait; systemctl --failed --no-legend").out()).isEqualTo("running\n");
            assertThat(session.run("dpkg --audit; dmesg | grep -ci 'ext4.*error'").out()).isEqualTo("0\n");
        } finally {
            Temporary.remove(sockets);
        }
    }
}
