package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.NewFile;
import holdfast.block.RawFile;
import holdfast.block.Silence;
import holdfast.testkit.Program;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A program that writes to a protected disk is killed. What it had been told to be written is there, in both, and they agree.
class KilledTest {
    static final long BYTES = 16 << 20;
    static final int BLOCK = 4096;

    /// The program. It writes its numbers, one after the other, to blocks that they give, and says each when it is written.
    static final class Writer {
        private Writer() {}

        static void main(String[] arguments) throws Exception {
            var disk = new Blocking(open(Path.of(arguments[0])));
            for (long n = Long.parseLong(arguments[1]); ; n++) {
                disk.write(blockOf(n) * BLOCK, content(n));
                System.out.println(n);
                System.out.flush();
            }
        }
    }

    private static long blockOf(long n) {
        return new Random(n).nextInt((int) (BYTES / BLOCK));
    }

    private static byte[] content(long n) {
        var bytes = new byte[BLOCK];
        new Random(n).nextBytes(bytes);
        return bytes;
    }

    private static JournaledDevice open(Path directory) throws DiskException {
        var segments = new SegmentDirectory(directory.resolve("journal"), Sample.ID);
        // The seal is broken from the beginning: each open has to put right what it finds.
        return JournaledDevice.open(new JournaledDevice.Parts(
                RawFile.open(directory.resolve("volume"), Access.READ_WRITE), () -> new MemoryDevice(new ByteSize(BYTES)), segments,
                new MemorySeal(false, 0, null), JournalWriter.Limits.of(Long.MAX_VALUE), 0, InstantSource.system(),
                new Random()::nextInt));
    }

    @Test
    void whatWasAcknowledgedIsThere(@TempDir Path directory) throws Exception {
        killOften(directory, 2);
    }

    @Test
    @Tag("long")
    void whatWasAcknowledgedIsThereAThousandTimes(@TempDir Path directory) throws Exception {
        killOften(directory, 1000);
    }

    private static void killOften(Path directory, int times) throws Exception {
        Files.createDirectory(directory.resolve("journal"));
        JournalWriter.begin(new SegmentDirectory(directory.resolve("journal"), Sample.ID), new SegmentHeader(Sample.ID, 1, 1, 0, 512, 1, BYTES, ""));
        try (NewFile volume = NewFile.begin(directory.resolve("volume"), (int) BYTES)) {
            volume.finish();
        }
        var random = new Random();
        var model = new byte[(int) BYTES];
        long next = 1;
        for (int i = 0; i < times; i++) {
            long last = writeAndKill(directory, next, 20 + random.nextInt(300));
            try (var _ = Silence.of(JournaledDevice.class); JournaledDevice disk = open(directory)) {
                next = compare(disk, model, next, last);
            }
        }
    }

    private static long writeAndKill(Path directory, long from, int count) throws Exception {
        Process writer = Program.start(
                Path.of(System.getProperty("java.home"), "bin", "java"), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), Writer.class.getName(), directory, from);
        long last = from - 1;
        try (BufferedReader said = writer.inputReader()) {
            for (int i = 0; i < count; i++) {
                last = Long.parseLong(said.readLine());
            }
            assertThat(writer.toHandle().destroyForcibly()).isTrue(); // leaves the pipe as it is
            for (String line = said.readLine(); line != null && line.equals(String.valueOf(last + 1)); line = said.readLine()) {
                last++;
            }
        }
        assertThat(Program.exitCode(writer, Program.LIMIT)).isNotZero();
        return last;
    }

    /// @return the number that comes next
    private static long compare(BlockDevice disk, byte[] model, long from, long last) throws DiskException {
        for (long n = from; n <= last; n++) {
            System.arraycopy(content(n), 0, model, (int) blockOf(n) * BLOCK, BLOCK);
        }
        byte[] found = new Blocking(disk).read(0, (int) BYTES);
        byte[] one = model.clone();
        System.arraycopy(content(last + 1), 0, one, (int) blockOf(last + 1) * BLOCK, BLOCK);
        boolean further = Arrays.equals(found, one);
        assertThat(further || Arrays.equals(found, model)).as("after number %d", last).isTrue();
        System.arraycopy(found, 0, model, 0, model.length);
        return further ? last + 2 : last + 1;
    }
}
