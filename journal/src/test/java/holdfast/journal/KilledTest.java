package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.JournalLayer;
import holdfast.block.MemoryDevice;
import holdfast.block.NewFile;
import holdfast.block.RawFile;
import holdfast.block.Silence;
import holdfast.testkit.Program;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A program that writes to a protected disk is killed. What it had been told to be written is there, in both, and they agree.
class KilledTest {
    static final long BYTES = 1 << 20;
    static final int BLOCK = 4096;

    /// How many disks a program writes to at once, so that each kill is one of so many disks: a program takes longer to start than to be killed.
    private static final int DISKS = 13;

    private static final Pattern SAID = Pattern.compile("(\\d+) (\\d+)");

    /// The program. It writes to each of some disks numbers, one after the other, to blocks that they give, and says each when it is written: the
    /// disk's number, and this one.
    static final class Writer {
        private Writer() {}

        static void main(String[] arguments) throws Exception {
            for (int i = 0; i < DISKS; i++) {
                int number = i;
                long from = Long.parseLong(arguments[2 + i]);
                var disk = new Blocking(open(Path.of(arguments[0]).resolve(String.valueOf(i)), JournalLayer.Mode.valueOf(arguments[1])));
                Thread.ofPlatform().start(() -> write(disk, number, from));
            }
        }

        private static void write(Blocking disk, int number, long from) {
            try {
                for (long n = from; ; n++) {
                    disk.write(blockOf(n) * BLOCK, content(n));
                    say(number + " " + n + "\n");
                }
            } catch (DiskException e) {
                throw new AssertionError(e);
            }
        }

        /// Whole lines.
        private static synchronized void say(String line) {
            System.out.print(line);
            System.out.flush();
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

    private static JournaledDisk open(Path directory, JournalLayer.Mode mode) throws DiskException {
        var segments = new SegmentDirectory(directory.resolve("journal"), Sample.ID);
        // The seal is broken from the beginning: each open has to put right what it finds.
        var parts = new JournaledDevice.Parts(
                RawFile.open(directory.resolve("volume"), Access.READ_WRITE), () -> new MemoryDevice(new ByteSize(BYTES)), segments,
                new MemorySeal(false, 0, null), JournalWriter.Limits.of(Long.MAX_VALUE), 0, InstantSource.system(),
                new Random()::nextInt);
        return switch (mode) {
            case WRITE_THROUGH -> JournaledDevice.open(parts);
            case JOURNAL_FIRST -> JournalFirstDevice.open(parts, new NotApplied.Pace(1 << 20, 128 << 10, 10_000_000, true));
        };
    }

    @ParameterizedTest
    @EnumSource
    void whatWasAcknowledgedIsThere(JournalLayer.Mode mode, @TempDir Path directory) throws Exception {
        killOften(directory, 2, mode);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    void whatWasAcknowledgedIsThereAThousandTimes(JournalLayer.Mode mode, @TempDir Path directory) throws Exception {
        killOften(directory, 80, mode);
    }

    /// What is known of a disk.
    private static final class Known {
        private final Path directory;
        private final byte[] model = new byte[(int) BYTES];
        private long next = 1;
        private long last;

        Known(Path directory) {
            this.directory = directory;
        }
    }

    private static List<Known> begin(Path directory) throws Exception {
        var disks = new ArrayList<Known>();
        for (int i = 0; i < DISKS; i++) {
            Path its = Files.createDirectory(directory.resolve(String.valueOf(i)));
            Files.createDirectory(its.resolve("journal"));
            JournalWriter.begin(new SegmentDirectory(its.resolve("journal"), Sample.ID), new SegmentHeader(Sample.ID, 1, 1, 0, 512, 1, BYTES, ""));
            try (NewFile volume = NewFile.begin(its.resolve("volume"), (int) BYTES)) {
                volume.finish();
            }
            disks.add(new Known(its));
        }
        return disks;
    }

    private static void killOften(Path directory, int times, JournalLayer.Mode mode) throws Exception {
        List<Known> disks = begin(directory);
        var random = new Random();
        for (int i = 0; i < times; i++) {
            writeAndKill(directory, disks, mode, DISKS * (10 + random.nextInt(100)));
            for (Known one : disks) {
                try (var _ = Silence.of(JournaledDevice.class); JournaledDisk disk = open(one.directory, mode)) {
                    one.next = compare(disk, one.model, one.next, one.last);
                }
            }
        }
    }

    private static void writeAndKill(Path directory, List<Known> disks, JournalLayer.Mode mode, int count) throws Exception {
        var command = new ArrayList<Object>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java"), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                Writer.class.getName(), directory, mode));
        disks.forEach(disk -> command.add(disk.next));
        Process writer = Program.start(command.toArray());
        disks.forEach(disk -> disk.last = disk.next - 1);
        try (BufferedReader said = writer.inputReader()) {
            for (int i = 0; i < count; i++) {
                hear(disks, said.readLine());
            }
            assertThat(writer.toHandle().destroyForcibly()).isTrue(); // leaves the pipe as it is
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                hear(disks, line);
            }
        }
        assertThat(Program.exitCode(writer, Program.LIMIT)).isNotZero();
    }

    /// The last line may be cut.
    private static void hear(List<Known> disks, String line) {
        Matcher matcher = SAID.matcher(line);
        if (matcher.matches()) {
            Known disk = disks.get(Integer.parseInt(matcher.group(1)));
            long number = Long.parseLong(matcher.group(2));
            if (number == disk.last + 1) {
                disk.last = number;
            }
        }
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
