package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.Noise;
import holdfast.block.PowerCutModel;
import holdfast.testkit.Program;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A program is killed that uses a provisioned disk. What it had flushed is there, everything else is the image's, or what it wrote since, and
/// what is not the image's is known as modified.
class ProvisionedKilledTest {
    private static final int BYTES = 16 << 20;
    private static final int BLOCK = 4096;
    private static final int PIECE = 3072;
    private static final int FLUSHED = 8;

    /// Of a program that is not killed before, on a busy host.
    private static final Duration LIFE = Duration.ofMinutes(10);

    @TempDir
    Path directory;

    private final byte[] image = Noise.of(1).bytes(BYTES);

    /// The program. It reads here and there, lets the rest arrive meanwhile, and writes pieces of blocks and whole ones, each of which it says when
    /// it is written, and some when all until then are flushed.
    static final class User {
        private User() {}

        static void main(String[] arguments) throws Exception {
            BlockDevice device = Disks.open(Path.of(arguments[0]), Access.READ_WRITE, null);
            if (device instanceof ProvisionedDevice provisioned) {
                provisioned.fillMeanwhile(1 << 20, Alarm.wallClock());
            }
            var disk = new Blocking(device);
            for (long n = Long.parseLong(arguments[1]); ; n++) {
                disk.read(placeOf(-n), BLOCK);
                disk.write(placeOf(n), content(n));
                if (n % FLUSHED == 0) {
                    disk.flush();
                }
                System.out.println(n);
                System.out.flush();
            }
        }
    }

    private static int placeOf(long n) {
        return new Random(n * 0x9E3779B97F4A7C15L).nextInt(BYTES / BLOCK) * BLOCK;
    }

    private static byte[] content(long n) {
        return Noise.of(n + 2).bytes(n % 2 == 0 ? BLOCK : PIECE);
    }

    @Test
    void whatWasFlushedIsThereAndTheRestIsTheImages() throws Exception {
        killOften(3);
    }

    @Test
    @Tag("long")
    void whatWasFlushedIsThereAThousandTimes() throws Exception {
        killOften(1000);
    }

    private void killOften(int times) throws Exception {
        Path source = directory.resolve("image.raw");
        Files.write(source, image);
        Path disk = directory.resolve("disk.raw");
        var random = new Random();
        byte[] content = image;
        long next = 1;
        for (int i = 0; i < times; i++) {
            if (!Files.exists(disk) && !Files.exists(DiskStack.descriptorOf(disk))) {
                Provisioning.create(disk, source.toString());
                content = image;
            }
            long last = useAndKill(disk, next, random.nextInt(200));
            content = compare(disk, content, next, last);
            next = last + 2;
            if (!Files.exists(DiskStack.descriptorOf(disk))) {
                Files.delete(disk);
            }
        }
    }

    /// @return the last number that it said
    private static long useAndKill(Path disk, long from, int count) throws Exception {
        Process user = Program.start(
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), User.class.getName(), disk.toString(),
                        String.valueOf(from)).redirectError(ProcessBuilder.Redirect.INHERIT),
                LIFE);
        long last = from - 1;
        try (BufferedReader said = user.inputReader()) {
            for (int i = 0; i < count; i++) {
                String line = said.readLine();
                assertThat(line).as("after number %d of %d, the program's end", last, from + count).isNotNull();
                last = Long.parseLong(line);
            }
            assertThat(user.toHandle().destroyForcibly()).isTrue(); // leaves the pipe as it is
            for (String line = said.readLine(); line != null && line.equals(String.valueOf(last + 1)); line = said.readLine()) {
                last++;
            }
        }
        assertThat(Program.exitCode(user, Program.LIMIT)).isNotZero();
        return last;
    }

    /// @param before what it held when the program began
    /// @param last number that was said; the next one may have been written too
    /// @return what it holds
    private byte[] compare(Path disk, byte[] before, long from, long last) throws DiskException {
        var model = new PowerCutModel(before);
        for (long n = from; n <= last + 1; n++) {
            byte[] content = content(n);
            int first = placeOf(n) / PowerCutModel.BLOCK;
            for (int i = 0; i < content.length / PowerCutModel.BLOCK; i++) {
                model.write(first + i, Arrays.copyOfRange(content, i * PowerCutModel.BLOCK, (i + 1) * PowerCutModel.BLOCK), 0);
            }
            if (n % FLUSHED == 0 && n <= last) {
                model.promiseAll(0);
            }
        }
        byte[] found;
        try (BlockDevice device = Disks.open(disk, Access.READ_ONLY, null)) {
            found = new Blocking(device).read(0, BYTES);
        }
        assertThat(model.complaint(found, 0)).as("after numbers %d to %d", from, last).isEmpty();
        assertThat(unknown(disk, found)).as("blocks that are not the image's, and not known as that, after number %d", last).isZero();
        return found;
    }

    private int unknown(Path disk, byte[] found) throws DiskException {
        if (!Files.exists(DiskStack.descriptorOf(disk))) {
            return 0;
        }
        try (DescriptorFile file = DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_ONLY)) {
            var layer = file.descriptor().provisioned().orElseThrow();
            if (layer.arrived()) {
                return 0;
            }
            PresenceMap map = new PresenceStore(file, layer).readMap();
            int unknown = 0;
            for (int block = 0; block < BYTES / BLOCK; block++) {
                boolean images = Arrays.equals(found, block * BLOCK, (block + 1) * BLOCK, image, block * BLOCK, (block + 1) * BLOCK);
                unknown += images || map.isModified(block, block + 1) ? 0 : 1;
            }
            return unknown;
        }
    }
}
