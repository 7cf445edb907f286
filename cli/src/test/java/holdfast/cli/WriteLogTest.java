package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.disk.Disks;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.JournaledDisk;
import holdfast.journal.Target;
import holdfast.nbd.NbdDevice;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Our journal against the log of an independent program: QEMU's blklogwrites, in the format of Linux's dm-log-writes.
@Timeout(120)
class WriteLogTest {
    private static final int SIZE = 2 << 20;
    private static final int SECTOR = 512;
    private static final int FLUSH = 1;
    private static final int DISCARD = 4;
    private static final int MARK = 8;

    @TempDir
    Path directory;

    private Path protectedDisk(String name) {
        return protectedDisk(name, "write-through");
    }

    private Path protectedDisk(String name, String mode) {
        Path file = directory.resolve(name + ".vhdx");
        output("disk", "create", file.toString(), "--size", String.valueOf(SIZE));
        output("disk", "protect", file.toString(), "--journal", directory.resolve(name + "-journal").toString(), "--mode", mode);
        return file;
    }

    private static String output(String... words) {
        Invocation done = Invocation.of(words);
        assertThat(done.exitCode()).as(done.err()).isZero();
        return done.out();
    }

    /// A replay written from the format's description, for disks that begin as zeros.
    private static final class Replay {
        private final byte[] disk = new byte[SIZE];
        private final ByteBuffer log;
        private final long entries;
        private final int sectorBytes;
        private long done;

        Replay(Path file) throws Exception {
            log = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(log.getLong(0)).isEqualTo(0x6a736677736872L);
            assertThat(log.getLong(8)).isEqualTo(1);
            entries = log.getLong(16);
            sectorBytes = log.getInt(24);
            log.position(sectorBytes);
        }

        /// @return what the disk is behind so many entries
        byte[] upTo(long count) {
            while (done < count) {
                next();
            }
            return disk;
        }

        /// @return what the disk is at the next mark of this name
        byte[] upTo(String mark) {
            while (!next().equals(mark)) {}
            return disk;
        }

        /// @return the name of a mark, if it is one
        private String next() {
            assertThat(done++).isLessThan(entries);
            int at = log.position();
            int offset = (int) log.getLong(at) * sectorBytes;
            int length = (int) log.getLong(at + 8) * sectorBytes;
            long flags = log.getLong(at + 16);
            log.position(at + sectorBytes);
            if ((flags & MARK) != 0) {
                return new String(log.array(), at + 32, (int) log.getLong(at + 24), StandardCharsets.UTF_8);
            }
            if ((flags & DISCARD) != 0) {
                Arrays.fill(disk, offset, offset + length, (byte) 0);
            } else {
                log.get(disk, offset, length);
            }
            return "";
        }
    }

    /// The same workload for both, and at each mark the number of entries that the other log has.
    private List<Long> workload(Blocking ours, Blocking theirs, Path theirLog) throws Exception {
        var counts = new ArrayList<Long>();
        var random = new Random(1);
        for (int step = 0; step < 200; step++) {
            int blocks = 1 + random.nextInt(64);
            long offset = (long) random.nextInt(SIZE / SECTOR - blocks) * SECTOR;
            int kind = random.nextInt(8);
            var data = new byte[blocks * SECTOR];
            random.nextBytes(data);
            for (Blocking each : List.of(ours, theirs)) {
                switch (kind) {
                    case 0 -> each.discard(offset, data.length);
                    case 1 -> each.writeZeroes(offset, data.length);
                    case 2 -> each.flush();
                    default -> each.write(offset, data);
                }
            }
            if (step % 10 == 9) {
                theirs.flush();
                ((JournaledDisk) ours.device()).mark("step " + step);
                counts.add(ByteBuffer.wrap(Files.readAllBytes(theirLog), 0, SECTOR).order(ByteOrder.LITTLE_ENDIAN).getLong(16));
            }
        }
        return counts;
    }

    @ParameterizedTest
    @ValueSource(strings = {"write-through", "journal-first"})
    @Needs("qemu-nbd")
    void atEveryMarkTheDiskIsWhatQemusLogOfTheSameWorkloadSays(String mode) throws Exception {
        Path disk = protectedDisk("d", mode);
        Path raw = directory.resolve("theirs.raw");
        Path log = directory.resolve("theirs.log");
        Files.write(raw, new byte[SIZE]);
        Files.createFile(log);
        Path socket = directory.resolve("s");
        Process qemu = Program.start(
                "qemu-nbd", "--persistent", "--discard=unmap", "--socket=" + socket, "--image-opts",
                "driver=blklogwrites,file.driver=file,file.discard=unmap,file.filename=" + raw + ",log.driver=file,log.filename=" + log);
        List<Long> counts;
        try {
            Awaitility.await().until(() -> Files.exists(socket));
            try (BlockDevice ours = Disks.open(disk, Access.READ_WRITE, null);
                    NbdDevice theirs = NbdDevice.open("nbd+unix:///?socket=" + socket, Duration.ofSeconds(30))) {
                counts = workload(new Blocking(ours), new Blocking(theirs), log);
            }
        } finally {
            qemu.destroy();
        }
        Program.exitCode(qemu, Program.LIMIT);
        assertThat(counts).hasSize(20).doesNotHaveDuplicates();

        Path exported = directory.resolve("ours.log");
        assertThat(output("disk", "export-log", disk.toString(), exported.toString())).startsWith(exported + ": ");
        Path copy = protectedDisk("copy", mode);
        output("disk", "import-log", copy.toString(), exported.toString());
        var theirs = new Replay(log);
        var ours = new Replay(exported);
        for (int i = 0; i < counts.size(); i++) {
            String mark = "step " + (10 * i + 9);
            byte[] expected = theirs.upTo(counts.get(i));
            assertThat(past(disk, mark)).as("the past at mark %s", mark).isEqualTo(expected);
            assertThat(ours.upTo(mark)).as("our log at mark %s", mark).isEqualTo(expected);
            assertThat(past(copy, mark)).as("our log, imported, at mark %s", mark).isEqualTo(expected);
        }
        Path imported = protectedDisk("imported");
        output("disk", "import-log", imported.toString(), log.toString());
        try (BlockDevice device = Disks.open(imported, Access.READ_ONLY, null)) {
            assertThat(new Blocking(device).read(0, SIZE)).isEqualTo(theirs.upTo(theirs.entries));
        }
    }

    private static byte[] past(Path disk, String mark) throws Exception {
        try (BlockDevice past = ProtectedDisk.past(disk, new Target.Mark(mark)).disk()) {
            return new Blocking(past).read(0, SIZE);
        }
    }

    private String refusal(Path log) {
        Path disk = directory.resolve("d.vhdx");
        Invocation done = Invocation.of("disk", "import-log", disk.toString(), log.toString());
        assertThat(done.exitCode()).isEqualTo(1);
        assertThat(done.err()).hasLineCount(2);
        return done.err();
    }

    private Path log(long magic, int sectorBytes, long sector, long sectors, long flags, int bytes) throws Exception {
        ByteBuffer log = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        log.putLong(magic).putLong(1).putLong(1).putInt(sectorBytes);
        log.position(SECTOR).putLong(sector).putLong(sectors).putLong(flags);
        return Files.write(directory.resolve("log"), log.array());
    }

    @Test
    void whatIsNoLogOfSuchADiskIsRefused() throws Exception {
        long magic = 0x6a736677736872L;
        Path disk = protectedDisk("d");
        assertThat(refusal(log(1, SECTOR, 0, 0, FLUSH, 2 * SECTOR))).contains("is no log of dm-log-writes");
        assertThat(refusal(log(magic, 100, 0, 0, FLUSH, 2 * SECTOR))).contains("is no log of dm-log-writes");
        assertThat(refusal(log(magic, SECTOR, SIZE / SECTOR, 1, 0, 3 * SECTOR))).contains("number 0, of what the disk does not have");
        assertThat(refusal(log(magic, SECTOR, Long.MAX_VALUE, Long.MAX_VALUE, DISCARD, 2 * SECTOR))).contains("number 0, of what the disk does not have");
        assertThat(refusal(log(magic, SECTOR, 0, 2, 0, 3 * SECTOR))).contains("ends in the midst of its entries");
        output("disk", "import-log", disk.toString(), log(magic, SECTOR, 0, 0, FLUSH, 2 * SECTOR).toString());
    }
}
