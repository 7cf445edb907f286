package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import holdfast.block.VolatileDevice;
import holdfast.machine.GuestCommand;
import holdfast.machine.GuestExec;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The disk's power fails under a guest that writes: what the guest had synced must be there, and the file system sound.
@Tag("system")
@Needs({"e2fsck", "debugfs"})
final class PowerCutInGuestTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    Path directory;

    /// The lines that a command prints, as they come.
    private static final class Lines {
        private final StringBuilder text = new StringBuilder();

        synchronized void add(byte[] bytes, int offset, int length) {
            text.append(new String(bytes, offset, length, StandardCharsets.US_ASCII));
        }

        /// The whole ones.
        synchronized List<String> read() {
            int end = text.lastIndexOf("\n");
            return end < 0 ? List.of() : List.of(text.substring(0, end).split("\n"));
        }
    }

    @Test
    void whatTheGuestHasSyncedSurvivesThreeCuts() throws Exception {
        var seed = 20261121L;
        var random = new Random(seed);
        var stable = new MemoryDevice(ByteSize.ofMebibytes(48));
        var synced = new ArrayList<String>();
        try (var disk = new VolatileDevice(stable);
                var guest = OurGuest.boot(TestImage.withExt4(), 1, disk)) {
            guest.run("mkfs.ext4 -q /dev/vda && sync");
            for (int cut = 0; cut < 3; cut++) {
                guest.run("mount /dev/vda /mnt");
                synced.addAll(writeUntilCut(guest, disk, "c" + cut, random));
                // Without power nothing of what the guest still has in memory reaches the disk.
                guest.attempt("umount /mnt");
                disk.restorePower();
                checkOnHost(stable, synced, "seed " + seed + ", cut " + cut);
            }
        }
    }

    /// @return the files that were synced
    private static List<String> writeUntilCut(OurGuest guest, VolatileDevice disk, String prefix, Random random)
            throws Exception {
        var lines = new Lines();
        GuestExec.Execution writer = guest.exec().start(new GuestCommand(
                "i=1; while seq $i $((i + 300)) >/mnt/" + prefix + ".$i && sync /mnt/" + prefix + ".$i; do echo " + prefix
                        + ".$i; rm -f /mnt/" + prefix + ".gone; seq 1 100 >/mnt/" + prefix + ".gone; i=$((i + 1)); done",
                new GuestCommand.Stdin.Empty(),
                lines::add,
                (_, _, _) -> {}));
        int enough = 5 + random.nextInt(20);
        Awaitility.await().atMost(PATIENCE).until(() -> lines.read().size() >= enough);
        List<String> synced = lines.read();
        disk.cutPower(random);
        writer.await(PATIENCE);
        return synced;
    }

    private void checkOnHost(MemoryDevice stable, List<String> synced, String when) throws Exception {
        Path image = directory.resolve("disk.img");
        MemoryDevice now = stable.copy();
        Files.write(image, new Blocking(now).read(0, (int) now.geometry().sizeBytes()));
        Program replay = Program.run("e2fsck", "-fp", image);
        assertThat(replay.exitCode()).as("%s: %s", when, replay.output()).isIn(0, 1);
        Program.output("e2fsck", "-fn", image);
        for (String file : synced) {
            int first = Integer.parseInt(file.substring(file.indexOf('.') + 1));
            var expected = new StringBuilder();
            for (int i = first; i <= first + 300; i++) {
                expected.append(i).append('\n');
            }
            assertThat(Program.output("debugfs", "-R", "cat /" + file, image)).as("%s: %s", when, file).endsWith(expected.toString());
        }
    }
}
