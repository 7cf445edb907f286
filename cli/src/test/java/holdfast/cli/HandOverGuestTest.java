package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.block.Access;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.RawFile;
import holdfast.block.Request;
import holdfast.image.Image;
import holdfast.image.ImageStore;
import holdfast.nbd.Export;
import holdfast.nbd.NbdAddress;
import holdfast.nbd.NbdServer;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A disk that is still arriving goes over to the guest's own nbd driver, which brings what is missing over the guest's network and keeps the map; the host's
/// layer leaves. The image is killed and exchanged, the machine is killed, another one goes on, and what the guest reads is right, or an I/O error.
@Tag("system")
@Tag("long")
@Timeout(1800)
@Needs({"passt", "mke2fs", "e2fsck", "debugfs"})
class HandOverGuestTest {
    private static final int PARTS = 8;
    private static final int PART_BYTES = 512 << 10;
    private static final int STRIDE_BYTES = 8 << 20;
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    @TempDir
    Path directory;

    private final byte[] noise = new byte[PARTS * STRIDE_BYTES];
    private Path disk;
    private Path original;
    private Path other;
    private Image image;
    private NetworkPeer network;

    @BeforeEach
    void prepares() throws Exception {
        disk = directory.resolve("d.raw");
        other = raw("other", 2);
        original = raw("original", 1);
        image = withPerl();
        network = NetworkPeer.passt();
    }

    @AfterEach
    void ends() throws IOException {
        network.close();
    }

    /// The tiny image with Perl, in a home of its own, so that other tests keep theirs.
    private Image withPerl() throws Exception {
        Path home = directory.resolve("home");
        ProcessBuilder builder = Holdfast.builder("image", "build", "tiny", "--with", "perl-base");
        builder.environment().put("HOLDFAST_HOME", home.toString());
        succeeded(Holdfast.ended(Program.start(builder, PATIENCE), PATIENCE));
        return ImageStore.open(home, Clock.systemUTC()).find("tiny").orElseThrow();
    }

    private Path raw(String name, long seed) throws Exception {
        Path files = Files.createDirectory(directory.resolve(name + ".files"));
        new Random(seed).nextBytes(noise);
        Files.write(files.resolve("noise"), noise);
        Path raw = directory.resolve(name + ".raw");
        Program.output("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", files, raw, "96M");
        return raw;
    }

    /// Where the image is, for host and guest, which can be made to go away and come back.
    private static final class Served implements AutoCloseable {
        private final AtomicInteger reads = new AtomicInteger();
        private int port;
        private @Nullable RawFile file;
        private @Nullable NbdServer server;

        void serve(Path image) {
            stop();
            file = RawFile.open(image, Access.READ_ONLY);
            var counted = new FaultyDevice(file, request -> {
                reads.addAndGet(request instanceof Request.Read ? 1 : 0);
                return new Fault.None();
            });
            server = NbdServer.open(new NbdAddress.Port(port), List.of(new Export("image", "an image", counted)));
            port = ((NbdAddress.Port) server.address()).number();
        }

        int connections() {
            return server == null ? 0 : server.connections();
        }

        /// Whoever is connected is cut off.
        void stop() {
            if (server != null) {
                server.close();
                server = null;
            }
            if (file != null) {
                file.close();
                file = null;
            }
        }

        @Override
        public void close() {
            stop();
        }
    }

    private static String succeeded(Holdfast.Ended ended) {
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return ended.out();
    }

    private GuestShell boot() throws IOException {
        var guest = new GuestShell(
                directory.resolve("errors"), PATIENCE, "--kernel", Objects.requireNonNull(image.kernel()).toString(), "--initrd",
                Objects.requireNonNull(image.initrd()).toString(), "--append", image.append(), "--disk", disk + ",hand-over", "--fill", "none", "--net",
                network.option());
        guest.run("mkdir -p /tmp/d");
        guest.awaitAddress();
        return guest;
    }

    private String takingOver(Served served, String options) {
        return "holdfast-take-over " + options + " vda nbd://" + network.gateway() + ":" + served.port + "/image 2>&1";
    }

    private static String mounting(String device) {
        return "mount -t ext4 -o errors=continue /dev/" + device + " /tmp/d && ls -l /tmp/d";
    }

    private static String reading(int part) {
        return "echo 1 >/proc/sys/vm/drop_caches; dd if=/tmp/d/noise of=/tmp/part bs=64k skip=" + part * (STRIDE_BYTES >> 16) + " count="
                + (PART_BYTES >> 16) + " 2>/dev/null && md5sum </tmp/part | cut -c 1-32";
    }

    private static String md5(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
    }

    private String sum(int part) throws Exception {
        return md5(Arrays.copyOfRange(noise, part * STRIDE_BYTES, part * STRIDE_BYTES + PART_BYTES));
    }

    private static CompletableFuture<String> meanwhile(GuestShell guest, String command) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return guest.run(command);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private String info() throws Exception {
        return succeeded(Holdfast.run("disk", "info", disk.toString()));
    }

    /// How often a read has waited for the host's layer.
    private String hostsMisses() throws Exception {
        return info().lines().filter(line -> line.startsWith("waited times")).findFirst().orElseThrow();
    }

    @Test
    void theGuestsOwnDriverBringsWhatIsMissingAndTheHostIsOutOfTheWay() throws Exception {
        String own;
        try (var served = new Served()) {
            served.serve(original);
            succeeded(Holdfast.run("disk", "provision", disk.toString(), "--from", "nbd://127.0.0.1:" + served.port + "/image"));
            try (GuestShell guest = boot()) {
                takesOver(served, guest);
                bringsWhatIsMissing(served, guest);
                own = guest.run("dd if=/dev/urandom of=/tmp/d/own bs=3k count=100 conv=notrunc 2>/dev/null && sync && md5sum </tmp/d/own | cut -c 1-32");
                losesItsImage(served, guest);
                guest.process().destroyForcibly().waitFor(); // the machine is gone with all that was not flushed
            }
            assertThat(info()).contains("kind               provisioned");
            network.stop(); // it would hold what the machine that is gone had open
            network.startAgain();
            try (GuestShell guest = boot()) {
                guest.run(takingOver(served, "--fill") + " && " + mounting("nbd0"));
                assertThat(guest.run("md5sum </tmp/d/own | cut -c 1-32")).as("what was synced").isEqualTo(own);
                await("all of it is here").atMost(10, TimeUnit.MINUTES).pollInterval(Duration.ofSeconds(2)).until(() -> info().contains("to arrive          0 B"));
                await("the image is let go").atMost(1, TimeUnit.MINUTES).until(() -> served.connections() == 0);
                served.stop();
                for (int part = 0; part < PARTS; part++) {
                    assertThat(guest.run(reading(part))).isEqualTo(sum(part));
                }
                assertThat(guest.attempt("holdfast-take-over --end vda 2>&1").text()).contains("unmount it first");
                guest.run("umount /tmp/d && holdfast-take-over --end vda");
                guest.run(mounting("vda") + " && " + reading(7) + " && umount /tmp/d");
            }
        }
        isSound(own);
    }

    /// What the host has brought is here then, and only the guest is connected. An address that leads to another image changes nothing.
    private void takesOver(Served served, GuestShell guest) throws Exception {
        guest.run(mounting("vda"));
        assertThat(guest.run(reading(0))).isEqualTo(sum(0));
        assertThat(guest.attempt(takingOver(served, "")).text()).contains("unmount it first");
        guest.run("umount /tmp/d");
        served.serve(other);
        GuestShell.Answer refused = guest.attempt(takingOver(served, ""));
        assertThat(refused.text()).contains("has another image").contains("nothing was changed");
        assertThat(refused.exitCode()).isOne();
        served.serve(original);
        assertThat(guest.run(takingOver(served, ""))).isEqualTo("/dev/nbd0 is vda");
        assertThat(served.connections()).isOne();
        assertThat(guest.attempt(takingOver(served, "--device nbd1")).exitCode()).as("a second one").isNotZero();
    }

    private void bringsWhatIsMissing(Served served, GuestShell guest) throws Exception {
        String before = hostsMisses();
        guest.run(mounting("nbd0"));
        int reads = served.reads.get();
        assertThat(guest.run(reading(0))).isEqualTo(sum(0));
        assertThat(served.reads.get()).as("what the host brought is here").isLessThan(reads + 8);
        assertThat(guest.run(reading(1))).isEqualTo(sum(1));
        reads = served.reads.get();
        assertThat(guest.run(reading(1))).isEqualTo(sum(1));
        assertThat(served.reads.get()).as("nothing is brought twice").isEqualTo(reads);
        assertThat(hostsMisses()).as("the host's layer brings nothing").isEqualTo(before);
    }

    private void losesItsImage(Served served, GuestShell guest) throws Exception {
        served.stop();
        assertThat(guest.run(reading(1))).as("what is here").isEqualTo(sum(1));
        CompletableFuture<String> waiting = meanwhile(guest, reading(2));
        served.serve(original);
        assertThat(waiting.get(5, TimeUnit.MINUTES)).isEqualTo(sum(2));
        served.serve(other);
        GuestShell.Answer answer = guest.attempt(reading(3));
        assertThat(answer.exitCode()).as("what is there now is not mixed in: " + answer).isNotZero();
        assertThat(guest.run(reading(2))).isEqualTo(sum(2));
        served.serve(original);
        assertThat(guest.run("i=0; until " + reading(3) + "; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done")).endsWith(sum(3));
    }

    /// As the host finds it.
    private void isSound(String own) throws Exception {
        assertThat(directory.resolve("d.raw.holdfast")).doesNotExist();
        Program.output("e2fsck", "-fn", disk);
        Path dumped = directory.resolve("dumped");
        Program.output("debugfs", "-R", "dump /noise " + dumped, disk);
        assertThat(Files.mismatch(dumped, directory.resolve("original.files/noise"))).isEqualTo(-1);
        Program.output("debugfs", "-R", "dump /own " + dumped, disk);
        assertThat(md5(Files.readAllBytes(dumped))).isEqualTo(own);
    }
}
