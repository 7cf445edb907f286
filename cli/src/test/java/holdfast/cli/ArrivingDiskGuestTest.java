package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.block.Access;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.RawFile;
import holdfast.block.Request;
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
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A guest runs on a disk that is still arriving, and its image is killed, slow, cut off in the midst of an answer, or another one all of a
/// sudden. What the guest reads is right, or an I/O error, and in the end the disk is there, and sound.
@Tag("system")
@Needs({"mke2fs", "e2fsck", "debugfs"})
class ArrivingDiskGuestTest {
    private static final int PARTS = 8;
    private static final int PART_BYTES = 512 << 10;

    /// From one part to the next: further than anybody reads ahead.
    private static final int STRIDE_BYTES = 8 << 20;

    /// Once the file is there this needs no bitmap: those that could not be read for once the file system does not try to read again.
    private static final String WRITING =
            "dd if=/dev/urandom of=/tmp/d/own bs=4k count=75 conv=notrunc 2>/dev/null && sync && md5sum </tmp/d/own | cut -c 1-32";

    @TempDir
    Path directory;

    private Path original;
    private Path other;
    private Path disk;
    private byte[] noise;

    /// Two images of the same size, with a file of noise each.
    @BeforeEach
    void images() throws Exception {
        disk = directory.resolve("d.raw");
        noise = new byte[PARTS * STRIDE_BYTES];
        original = image("original", 1);
        other = image("other", 2);
        new Random(1).nextBytes(noise);
    }

    private Path image(String name, long seed) throws Exception {
        Path files = Files.createDirectory(directory.resolve(name + ".files"));
        new Random(seed).nextBytes(noise);
        Files.write(files.resolve("noise"), noise);
        Path image = directory.resolve(name + ".raw");
        Program.output("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", files, image, "96M");
        return image;
    }

    /// Where the image is, which can be made to go away and come back.
    private final class Served implements AutoCloseable {
        private final NbdAddress address = new NbdAddress.Unix(directory.resolve("image.sock"));
        private @Nullable RawFile file;
        private @Nullable NbdServer server;

        /// @param plan what becomes of each request
        void serve(Path image, Function<Request, Fault> plan) {
            close();
            file = RawFile.open(image, Access.READ_ONLY);
            server = NbdServer.open(address, List.of(new Export("image", "an image", new FaultyDevice(file, plan))));
        }

        int connections() {
            return server == null ? 0 : server.connections();
        }

        /// Whoever is connected is cut off.
        @Override
        public void close() {
            if (server != null) {
                server.close();
                server = null;
            }
            if (file != null) {
                file.close();
                file = null;
            }
        }
    }

    private static Fault calm(Request request) {
        return new Fault.None();
    }

    private static Function<Request, Fault> slow(Duration delay) {
        return request -> request instanceof Request.Read ? new Fault.Delay(delay, Fault.WhenCancelled.TOO_LATE, new Fault.None()) : new Fault.None();
    }

    private static String succeeds(String... words) throws Exception {
        Holdfast.Ended ended = Holdfast.run(words);
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return ended.out();
    }

    private GuestShell boot() throws IOException {
        var guest = new GuestShell(directory.resolve("errors"), "--disk", disk.toString(), "--fill", "none");
        guest.run("mkdir /tmp/d && mount -t ext4 -o errors=continue /dev/vda /tmp/d && ls -l /tmp/d");
        return guest;
    }

    /// Reads a part of the noise; fails when it cannot be read.
    private static String reading(int part) {
        return "dd if=/tmp/d/noise of=/tmp/part bs=64k skip=" + part * (STRIDE_BYTES >> 16) + " count=" + (PART_BYTES >> 16)
                + " 2>/dev/null && md5sum </tmp/part | cut -c 1-32";
    }

    private static String dropping() {
        return "echo 1 >/proc/sys/vm/drop_caches; ";
    }

    private String sum(int part) throws Exception {
        byte[] bytes = Arrays.copyOfRange(noise, part * STRIDE_BYTES, part * STRIDE_BYTES + PART_BYTES);
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
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

    private void awaitLog(String text) {
        await(text).atMost(1, TimeUnit.MINUTES).until(() -> Files.readString(directory.resolve("errors")).contains(text));
    }

    @Test
    @Timeout(300)
    void itsChecksumsHoldOrItGetsErrorsWhateverBecomesOfTheImage() throws Exception {
        String own;
        try (var image = new Served()) {
            image.serve(original, ArrivingDiskGuestTest::calm);
            succeeds("disk", "provision", disk.toString(), "--from", "nbd+unix:///image?socket=" + directory.resolve("image.sock"));
            try (GuestShell guest = boot()) {
                assertThat(guest.run(reading(0))).isEqualTo(sum(0));
                goesAwayAndComesBack(image, guest);
                image.serve(original, slow(Duration.ofMillis(100)));
                assertThat(guest.run(reading(2))).isEqualTo(sum(2));
                guest.run(WRITING);
                isCutOffInTheMidstOfAnAnswer(image, guest);
                isAnother(image, guest);
                own = guest.run(WRITING);
                arrives(image, guest);
                guest.run("umount /tmp/d");
            }
        }
        isSound(own);
    }

    private void goesAwayAndComesBack(Served image, GuestShell guest) throws Exception {
        image.close();
        CompletableFuture<String> waiting = meanwhile(guest, reading(1));
        awaitLog("is not to be had");
        assertThat(waiting).isNotDone();
        image.serve(original, ArrivingDiskGuestTest::calm);
        assertThat(waiting.get(1, TimeUnit.MINUTES)).isEqualTo(sum(1));
    }

    private void isCutOffInTheMidstOfAnAnswer(Served image, GuestShell guest) throws Exception {
        var begun = new CompletableFuture<Void>();
        image.serve(original, request -> {
            if (request instanceof Request.Read read && read.into().byteSize() > 64 << 10) {
                begun.complete(null);
            }
            return slow(Duration.ofMillis(20)).apply(request);
        });
        CompletableFuture<String> reading = meanwhile(guest, reading(3));
        begun.get(1, TimeUnit.MINUTES);
        image.serve(original, ArrivingDiskGuestTest::calm);
        assertThat(reading.get(1, TimeUnit.MINUTES)).isEqualTo(sum(3));
    }

    private void isAnother(Served image, GuestShell guest) throws Exception {
        image.serve(other, ArrivingDiskGuestTest::calm);
        assertThat(guest.attempt(reading(4)).exitCode()).as("what is there now is not mixed in").isNotZero();
        awaitLog("is not the image that it was");
        for (int part = 0; part < 4; part++) {
            assertThat(guest.run(dropping() + reading(part))).as("what is here").isEqualTo(sum(part));
        }
        image.serve(original, ArrivingDiskGuestTest::calm);
        assertThat(guest.run("i=0; until " + reading(4) + "; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done")).isEqualTo(sum(4));
    }

    /// All of it; then the image is not needed any more.
    private void arrives(Served image, GuestShell guest) throws Exception {
        succeeds("disk", "fill", disk.toString());
        await("the image is let go").atMost(1, TimeUnit.MINUTES).until(() -> image.connections() == 0);
        image.close();
        for (int part = 0; part < PARTS; part++) {
            assertThat(guest.run(dropping() + reading(part))).isEqualTo(sum(part));
        }
    }

    /// As the host finds it.
    private void isSound(String own) throws Exception {
        assertThat(directory.resolve("d.raw.holdfast")).doesNotExist();
        Program.output("e2fsck", "-fn", disk);
        Path dumped = directory.resolve("dumped");
        Program.output("debugfs", "-R", "dump /noise " + dumped, disk);
        assertThat(Files.mismatch(dumped, directory.resolve("original.files/noise"))).isEqualTo(-1);
        Program.output("debugfs", "-R", "dump /own " + dumped, disk);
        assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(Files.readAllBytes(dumped)))).isEqualTo(own);
    }

    /// Longer than anybody waits, too.
    @Test
    @Tag("long")
    @Timeout(3600)
    void itsChecksumsHoldOrItGetsErrorsThroughManyTroubles() throws Exception {
        long seed = System.nanoTime();
        var random = new Random(seed);
        try (var image = new Served()) {
            image.serve(original, ArrivingDiskGuestTest::calm);
            succeeds("disk", "provision", disk.toString(), "--from", "nbd+unix:///image?socket=" + directory.resolve("image.sock"));
            String own;
            try (GuestShell guest = boot()) {
                guest.run(WRITING);
                for (int round = 0; round < 40; round++) {
                    trouble(image, random.nextInt(5));
                    int part = random.nextInt(PARTS);
                    GuestShell.Answer answer = guest.attempt(dropping() + reading(part));
                    assertThat(answer.exitCode() != 0 || answer.text().strip().equals(sum(part))).as("seed %d, round %d: %s", seed, round, answer).isTrue();
                }
                image.serve(original, ArrivingDiskGuestTest::calm);
                guest.run("i=0; until " + reading(0) + "; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done");
                own = guest.run(WRITING);
                arrives(image, guest);
                guest.run("umount /tmp/d");
            }
            isSound(own);
        }
    }

    private void trouble(Served image, int which) {
        switch (which) {
            case 0 -> image.close();
            case 1 -> image.serve(other, ArrivingDiskGuestTest::calm);
            case 2 -> image.serve(original, slow(Duration.ofSeconds(2)));
            case 3 -> image.serve(original, slow(Duration.ofSeconds(40)));
            default -> image.serve(original, ArrivingDiskGuestTest::calm);
        }
    }
}
