package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.disk.Disks;
import holdfast.nbd.NbdDevice;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Commands about a disk `d.vhdx`, in whose words `DIR` is a directory of the test's own.
abstract class ProtectedDiskCommands {
    static final int SIZE = 8 << 20;

    @TempDir
    Path directory;

    /// Makes the disk, with some noise at its beginning.
    void createDisk() throws DiskException {
        output("disk create DIR/d.vhdx --size 8M --block-size 1M");
        write(disk(), 0, noise(1, 64 << 10));
    }

    Path disk() {
        return directory.resolve("d.vhdx");
    }

    Invocation invoke(String words) {
        return Invocation.of(Stream.of(words.split(" ")).map(word -> word.replace("DIR", directory.toString())).toArray(String[]::new));
    }

    String output(String words) {
        Invocation done = invoke(words);
        assertThat(done.err()).isEmpty();
        assertThat(done.exitCode()).isZero();
        return done.out();
    }

    String refusal(String words) {
        Invocation done = invoke(words);
        assertThat(done.exitCode()).isEqualTo(1);
        return done.err();
    }

    static byte[] noise(long seed, int length) {
        var bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static void write(Path file, long offset, byte[] data) throws DiskException {
        try (BlockDevice device = Disks.open(file, Access.READ_WRITE, null)) {
            new Blocking(device).write(offset, data);
        }
    }

    static byte[] content(Path file) throws DiskException {
        try (BlockDevice device = Disks.open(file, Access.READ_ONLY, null)) {
            return new Blocking(device).read(0, SIZE);
        }
    }

    JsonNode timeline() {
        return new JsonMapper().readTree(output("disk timeline DIR/d.vhdx -o json"));
    }

    Process serve() throws IOException {
        Process process = Program.start(
                Holdfast.builder("nbd", "serve", disk().toString(), "--unix", directory.resolve("socket").toString()), Program.LIMIT);
        assertThat(process.errorReader().readLine()).contains("serving d.vhdx");
        return process;
    }

    /// Of what is served.
    NbdDevice client() {
        return NbdDevice.open("nbd+unix:///?socket=" + directory.resolve("socket"), Duration.ofSeconds(30));
    }
}
