package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.machine.GuestAgent;
import holdfast.machine.GuestAgentException;
import holdfast.machine.MachineEvent;
import holdfast.machine.PacketPort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What an operator does to a running guest: through its agent, and through the machine.
@Tag("system")
@Timeout(300)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class OperatedGuestTest {
    private static final long DISK_BYTES = 24L << 20;
    private static final Duration LIMIT = Duration.ofMinutes(1);

    @TempDir
    static Path directory;

    private static RawFile disk;
    private static OurGuest guest;

    /// A network on which nobody is.
    private static final class Nowhere implements PacketPort {
        @Override
        public void send(byte[] frame) {}

        @Override
        public void attach(Consumer<List<byte[]>> receiver) {}

        @Override
        public void close() {}
    }

    @BeforeAll
    static void boots() throws Exception {
        Path file = directory.resolve("disk");
        Files.write(file, new byte[(int) DISK_BYTES]);
        disk = RawFile.open(file, Access.READ_WRITE);
        guest = OurGuest.boot(TestImage.withExt4(), 1, new Nowhere(), disk);
        guest.run("/usr/sbin/mke2fs -q -t ext4 /dev/vda && mount -t ext4 /dev/vda /mnt");
        guest.agent().ping();
    }

    @AfterAll
    static void ends() {
        if (guest != null) {
            guest.close();
        }
        if (disk != null) {
            disk.close();
        }
    }

    @Test
    void theAgentRunsAProgram() throws Exception {
        GuestAgent agent = guest.agent();
        GuestAgent.Execution done = agent.exec(
                List.of("/bin/sh", "-c", "cat; echo wrong >&2; exit 3"), "right".getBytes(StandardCharsets.UTF_8), LIMIT);
        assertThat(done.out()).asString(StandardCharsets.UTF_8).isEqualTo("right");
        assertThat(done.err()).asString(StandardCharsets.UTF_8).isEqualTo("wrong\n");
        assertThat(done.exitCode()).isEqualTo(3);
        assertThat(agent.commands()).contains("guest-exec", "guest-set-time", "guest-ssh-add-authorized-keys");
        assertThat(agent.hostName()).isEqualTo("tiny");
    }

    @Test
    void theAgentWritesAndReadsFiles() throws Exception {
        byte[] content = new byte[300_000];
        new Random(3).nextBytes(content);
        guest.agent().writeFile("/tmp/file", content);
        assertThat(guest.run("wc -c </tmp/file")).isEqualTo("300000");
        assertThat(guest.agent().readFile("/tmp/file", 1 << 20)).isEqualTo(content);
        assertThatThrownBy(() -> guest.agent().readFile("/no/such/file", 10)).isInstanceOf(GuestAgentException.class);
    }

    @Test
    void theAgentFreezesAndThawsFileSystems() throws Exception {
        GuestAgent agent = guest.agent();
        assertThat(agent.frozen()).isFalse();
        assertThat(agent.freeze()).isEqualTo(1);
        assertThat(agent.frozen()).isTrue();
        guest.run("touch /mnt/late & sleep 0.5; kill -0 $!");
        assertThat(agent.thaw()).isEqualTo(1);
        assertThat(agent.frozen()).isFalse();
        guest.run("until [ -e /mnt/late ]; do sleep 0.1; done");
    }

    @Test
    void theAgentSetsTheTime() throws Exception {
        Instant then = Instant.parse("2031-02-03T04:05:06Z");
        guest.agent().setTime(then);
        assertThat(guest.run("date -u +%Y-%m-%dT%H")).isEqualTo("2031-02-03T04");
        assertThat(Duration.between(then, guest.agent().time())).isBetween(Duration.ZERO, LIMIT);
        guest.agent().setTime(Instant.now());
        assertThat(Duration.between(guest.agent().time(), Instant.now()).abs()).isLessThan(LIMIT);
    }

    @Test
    void theAgentKeepsSshKeys() throws Exception {
        String key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEx one@host";
        guest.agent().addAuthorizedKeys("root", List.of(key));
        assertThat(guest.agent().authorizedKeys("root")).contains(key);
        assertThat(guest.run("cat /root/.ssh/authorized_keys")).contains(key);
        guest.agent().removeAuthorizedKeys("root", List.of(key));
        assertThat(guest.agent().authorizedKeys("root")).doesNotContain(key);
    }

    @Test
    void theBalloonTakesMemoryAndGivesItBack() throws Exception {
        long before = freeKiB();
        guest.machine().balloon(64L << 20);
        Awaitility.await().atMost(LIMIT).until(() -> guest.machine().balloonBytes() == 64L << 20);
        // A guest that takes memory back when it is short of it does not count it as lost.
        assertThat(before - freeKiB()).isBetween(56L << 10, 72L << 10);
        guest.machine().balloon(0);
        Awaitility.await().atMost(LIMIT).until(() -> guest.machine().balloonBytes() == 0);
        assertThat(before - freeKiB()).isLessThan(32L << 10);
        assertThatThrownBy(() -> guest.machine().balloon(1L << 40)).isInstanceOf(IllegalArgumentException.class);
    }

    private static long freeKiB() throws Exception {
        return Long.parseLong(guest.run("grep MemFree /proc/meminfo").replaceAll("\\D", ""));
    }

    @Test
    void theCarrierFollowsTheCable() throws Exception {
        guest.run("ip link set eth0 up; until [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do sleep 0.1; done");
        guest.machine().link(false);
        guest.run("until [ $(cat /sys/class/net/eth0/carrier) = 0 ]; do sleep 0.1; done");
        guest.machine().link(true);
        guest.run("until [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do sleep 0.1; done");
    }

    @Test
    void aDiskGrowsUnderItsFileSystem() throws Exception {
        guest.run("dd if=/dev/urandom of=/mnt/before bs=1M count=4 2>/dev/null; sha256sum /mnt/before >/tmp/sum");
        guest.machine().growDisk(0, 2 * DISK_BYTES);
        assertThat(Files.size(directory.resolve("disk"))).isEqualTo(2 * DISK_BYTES);
        guest.run("until [ $(cat /sys/block/vda/size) = " + 2 * DISK_BYTES / 512 + " ]; do sleep 0.1; done");
        guest.run("/usr/sbin/resize2fs /dev/vda");
        assertThat(Integer.parseInt(guest.run("df -k /mnt | tail -1 | awk '{print $2}'"))).isGreaterThan(36_000);
        guest.run("dd if=/dev/zero of=/mnt/after bs=1M count=28 && sync && sha256sum -c /tmp/sum && rm /mnt/after");
        assertThatThrownBy(() -> guest.machine().growDisk(0, 512)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void theAgentSwitchesTheGuestOff() throws Exception {
        guest.agent().shutdown(GuestAgent.Shutdown.POWERDOWN);
        assertThat(guest.machine().awaitHalt()).isInstanceOf(MachineEvent.PoweredOff.class);
    }

    @Test
    void aReadOnlyDiskDoesNotGrow() throws IOException {
        Path file = directory.resolve("fixed");
        Files.write(file, new byte[4096]);
        try (RawFile fixed = RawFile.open(file, Access.READ_ONLY)) {
            assertThatThrownBy(() -> fixed.grow(8192)).isInstanceOf(OperatorError.class);
        }
        assertThat(Files.size(file)).isEqualTo(4096);
    }
}
