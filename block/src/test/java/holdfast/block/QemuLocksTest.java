package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// QEMU's programs and Holdfast keep each other from using one image at once.
@Needs({"qemu-img", "qemu-io"})
class QemuLocksTest {
    @TempDir
    Path directory;

    private Path disk;

    @BeforeEach
    void makeDisk() throws Exception {
        disk = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
    }

    /// A qemu-io that has the disk open until it is closed.
    private record QemuIo(Process process) implements AutoCloseable {
        static QemuIo open(Object... command) throws Exception {
            Process process = Program.start(command);
            BufferedReader lines = process.inputReader();
            OutputStream in = process.getOutputStream();
            in.write("length\n".getBytes(StandardCharsets.US_ASCII));
            in.flush();
            String line = lines.readLine();
            assertThat(line).as("qemu-io answers").contains("1 MiB");
            return new QemuIo(process);
        }

        @Override
        public void close() throws IOException {
            process.outputWriter().write("quit\n");
            process.outputWriter().close();
            process.onExit().join();
        }
    }

    @Test
    void aDiskThatQemuWritesIsRefusedByNameOfItsHolder() throws Exception {
        try (var qemu = QemuIo.open("qemu-io", "-f", "raw", disk)) {
            String holder = "process " + qemu.process().pid() + " (qemu-io)";
            assertThatThrownBy(() -> RawFile.open(disk, Access.READ_WRITE))
                    .isInstanceOf(OperatorError.class)
                    .hasMessage(disk + ": is in use by " + holder + "; end that first");
            assertThatThrownBy(() -> RawFile.open(disk, Access.READ_ONLY))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("is open for writing in " + holder);
        }
        RawFile.open(disk, Access.READ_WRITE).close();
    }

    @Test
    void aDiskThatQemuReadsCanBeReadAsWell() throws Exception {
        try (var _ = QemuIo.open("qemu-io", "-r", "-f", "raw", disk)) {
            RawFile.open(disk, Access.READ_ONLY).close();
        }
    }

    @Test
    void whatWeWriteQemuNeitherWritesNorReads() throws Exception {
        try (var _ = RawFile.open(disk, Access.READ_WRITE)) {
            refused("qemu-io", "-f", "raw", "-c", "write 0 512", disk);
            refused("qemu-img", "resize", "-f", "raw", disk, "2M");
            refused("qemu-img", "convert", "-f", "raw", "-O", "raw", disk, directory.resolve("copy.img"));
            assertThat(Program.output("qemu-img", "info", "-U", "-f", "raw", disk)).contains("1 MiB");
        }
        Program.output("qemu-io", "-f", "raw", "-c", "write 0 512", disk);
    }

    @Test
    void whatWeReadQemuReadsAndDoesNotWrite() throws Exception {
        try (var _ = RawFile.open(disk, Access.READ_ONLY)) {
            refused("qemu-io", "-f", "raw", "-c", "write 0 512", disk);
            Program.output("qemu-io", "-r", "-f", "raw", "-c", "read 0 512", disk);
            Program.output("qemu-img", "convert", "-f", "raw", "-O", "raw", disk, directory.resolve("copy.img"));
        }
    }

    private static void refused(Object... command) throws Exception {
        Program done = Program.run(command);
        assertThat(done.output()).contains("lock");
        assertThat(done.exitCode()).isNotZero();
    }
}
