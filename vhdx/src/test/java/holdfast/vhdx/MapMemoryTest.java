package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.testkit.Program;
import holdfast.testkit.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The largest map there is has 64 Mi entries, 512 MiB: of 64 TiB in blocks of 1 MiB.
class MapMemoryTest {
    private static final long SIZE = 64L << 40;
    private static final int MIB = 1 << 20;
    private static final long KIBIBYTES_MAX = 64 << 10;
    /// So that what is garbage is not counted for long.
    private static final String HEAP = "32m";

    @TempDir
    Path directory;

    /// In a JVM of its own, whose memory is nobody else's: says how many KiB more it takes, at any time, for the second disk than for the
    /// first.
    public static void main(String[] arguments) throws Exception {
        use(Path.of(arguments[0]));
        long before = kibibytes("VmRSS:");
        use(Path.of(arguments[1]));
        System.out.println(kibibytes("VmHWM:") - before);
    }

    private static void use(Path path) throws DiskException {
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var on = new Blocking(disk);
            long size = disk.geometry().sizeBytes();
            for (int i = 0; i < 64; i++) {
                on.read(i * (size / 64), 4096);
            }
            on.write(size - MIB, new byte[4096]);
            on.flush();
        }
    }

    private static long kibibytes(String what) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(what))
                .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findAny()
                .orElseThrow();
    }

    @Test
    @Timeout(60)
    void theMapOf64TebibytesTakesNoMemoryUntilItIsTouched() throws Exception {
        Path small = directory.resolve("small.vhdx");
        NewVhdx.create(small, new NewVhdx.Shape(64 * MIB, MIB, 512, false));
        Path large = directory.resolve("large.vhdx");
        NewVhdx.create(large, new NewVhdx.Shape(SIZE, MIB, 512, false));
        String kibibytes = Program.output(
                Path.of(System.getProperty("java.home"), "bin", "java"), "@" + Tree.root().resolve("tools/jvm.options"),
                "-Xmx" + HEAP, "-cp", System.getProperty("java.class.path"), MapMemoryTest.class.getName(), small, large);
        assertThat(Long.parseLong(kibibytes.strip())).as("KiB for opening, reading and writing").isLessThan(KIBIBYTES_MAX);
    }
}
