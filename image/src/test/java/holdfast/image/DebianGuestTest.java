package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.image.QemuGuest.Session;
import holdfast.testkit.Needs;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A whole Debian, built and booted in QEMU, on a disk that was made larger meanwhile.
@Tag("system")
@Tag("long")
@Needs("qemu-system-riscv64")
final class DebianGuestTest {
    @TempDir
    static Path home;

    private static Image debian;
    private static Path sockets;
    private static QemuGuest guest;

    @BeforeAll
    static void boots() throws IOException, InterruptedException {
        ImageStore store = ImageStore.open(home, Clock.systemUTC());
        Path cache = Places.of(System.getenv()).cache();
        debian = new ImageBuilder(store, cache, new QemuRunner())
                .build(new Recipe.Debian("debian", Recipe.Debian.DISK_BYTES_DEFAULT, List.of()), Progress.NONE);
        Path disk = home.resolve("larger");
        ContentDigest.copySparse(Objects.requireNonNull(debian.disk()), disk, Progress.NONE);
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(6L << 30);
        }
        sockets = Files.createTempDirectory("hf");
        guest = QemuGuest.boot(debian, sockets, "-device", "virtio-blk-pci,drive=d0", "-drive", "if=none,id=d0,format=raw,file=" + disk);
        guest.awaitConsole("root@debian:~#");
    }

    @AfterAll
    static void ends() throws IOException {
        if (guest != null) {
            guest.close();
        }
        if (sockets != null) {
            Temporary.remove(sockets);
        }
    }

    @Test
    void theImageIsSparse() {
        assertThat(debian.sizeBytes()).isLessThan(1L << 30);
        assertThat(debian.packages()).extracting(PackageVersion::name).contains("systemd", "openssh-server", "dpkg", "qemu-guest-agent");
    }

    @Test
    void systemdBringsUpEverythingAndCommandsRun() {
        Session session = guest.session(0).ready();
        assertThat(session.run("systemctl is-system-running --wait; systemctl --failed --no-legend").out()).isEqualTo("running\n");
        assertThat(session.run("systemctl is-active ssh systemd-networkd holdfast-exec@3").out()).isEqualTo("active\nactive\nactive\n");
        // The root has grown into its disk.
        assertThat(Long.parseLong(session.run("df --output=size -B1 / | tail -1").out().strip())).isGreaterThan(5_000_000_000L);
        assertThat(session.run("dpkg --audit; dpkg -l | grep -c ^ii").out().strip()).isEqualTo("" + (debian.packages().size() - 1));
        // SIGINT is not ignored, as it would be in a plain background job of a shell.
        assertThat(session.run("kill -INT $$; echo not reached").exitCode()).isEqualTo(130);
        assertThat(session.run("modprobe wireguard && lsmod | grep -c ^wireguard").out()).isEqualTo("1\n");
        assertThat(session.run("stat -c %U:%a / /root /tmp /usr/bin/passwd").out()).isEqualTo("root:755\nroot:700\nroot:1777\nroot:4755\n");
        assertThat(session.run("cat /etc/machine-id").out()).hasSize(33);
        assertThat(session.run("getent shadow root").out()).startsWith("root:*:");
        assertThat(session.run("ls /etc/ssh/ssh_host_*_key").out()).isEqualTo("/etc/ssh/ssh_host_ed25519_key\n");
    }

    @Test
    void theDiskIsClean() throws Exception {
        Session session = guest.session(1).ready();
        assertThat(session.run("touch /root/x; sync; dmesg | grep -ci 'ext4.*error'").out()).isEqualTo("0\n");
    }
}
