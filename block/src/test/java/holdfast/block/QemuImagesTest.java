package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// QEMU's programs and Holdfast see the same raw image.
@Needs({"qemu-img", "qemu-io"})
class QemuImagesTest {
    private static final int SIZE = 8 << 20;

    /// One line of `qemu-img map --output=json`.
    private static final Pattern RUN = Pattern.compile(
            "\"start\": (\\d+), \"length\": (\\d+), \"depth\": 0, \"present\": true, \"zero\": (true|false),"
                    + " \"data\": (true|false)");

    @TempDir
    Path directory;

    private Path empty() throws Exception {
        Path path = directory.resolve("disk.img");
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(SIZE);
        }
        return path;
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void extentsAreThoseOfQemuImgMap(long seed) throws Exception {
        Path path = empty();
        try (var device = RawFile.open(path, Access.READ_WRITE)) {
            var disk = new Blocking(device);
            new ArrayModel(disk, SIZE, seed).run(60);
            disk.flush();
            assertThat(disk.extents(0, SIZE)).as("seed %d", seed).isEqualTo(mapOf(path));
        }
    }

    private static List<Extent> mapOf(Path path) throws Exception {
        Matcher run = RUN.matcher(Program.output("qemu-img", "map", "-U", "-f", "raw", "--output=json", path));
        var runs = new ArrayList<Extent>();
        while (run.find()) {
            runs.add(new Extent(
                    Long.parseLong(run.group(1)),
                    Long.parseLong(run.group(2)),
                    Boolean.parseBoolean(run.group(4)),
                    Boolean.parseBoolean(run.group(3))));
        }
        return runs;
    }

    @Test
    void weReadWhatQemuIoWroteAndItReadsWhatWeWrote() throws Exception {
        Path path = empty();
        Program.output("qemu-io", "-f", "raw", "-c", "write -P 0x5a 4096 8192", "-c", "write -z 8192 512", path);
        try (var device = RawFile.open(path, Access.READ_WRITE)) {
            var disk = new Blocking(device);
            assertThat(disk.read(4096, 4096)).containsOnly(0x5a);
            assertThat(disk.read(8192, 512)).containsOnly(0);
            assertThat(disk.read(8704, 3584)).containsOnly(0x5a);
            disk.writeZeroes(4096, 512);
        }
        String read = Program.output(
                "qemu-io", "-f", "raw", "-c", "read -P 0 4096 512", "-c", "read -P 0x5a 4608 3584", path);
        assertThat(read).doesNotContain("Pattern verification failed");
    }

    @Test
    void aConvertedImageIsTheSameDisk() throws Exception {
        Path path = empty();
        byte[] content;
        try (var device = RawFile.open(path, Access.READ_WRITE)) {
            var model = new ArrayModel(new Blocking(device), SIZE, 21);
            model.run(100);
            content = model.content();
        }
        Path copy = directory.resolve("copy.img");
        Program.output("qemu-img", "convert", "-f", "raw", "-O", "raw", path, copy);
        try (var device = RawFile.open(copy, Access.READ_ONLY)) {
            assertThat(new Blocking(device).read(0, SIZE)).isEqualTo(content);
        }
    }
}
