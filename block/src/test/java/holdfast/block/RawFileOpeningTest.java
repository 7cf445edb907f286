package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import holdfast.testkit.Program;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RawFileOpeningTest {
    @TempDir
    Path directory;

    private void refuses(Path path, Access access, String... words) throws Exception {
        long open = descriptorsOf(path);
        assertThatThrownBy(() -> RawFile.open(path, access).close())
                .isInstanceOf(OperatorError.class)
                .hasMessageStartingWith(path + ": ")
                .hasMessageContainingAll(words);
        assertThat(descriptorsOf(path)).as("descriptors left open").isEqualTo(open);
    }

    private static long descriptorsOf(Path path) throws Exception {
        long count = 0;
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                count += Files.isSymbolicLink(descriptor) && Files.readSymbolicLink(descriptor).equals(path) ? 1 : 0;
            }
        }
        return count;
    }

    @ParameterizedTest
    @EnumSource
    void aFileThatIsNotThere(Access access) throws Exception {
        Path path = directory.resolve("none.img");
        refuses(path, access, "is not there; check the path");
        assertThat(path).doesNotExist();
    }

    @ParameterizedTest
    @EnumSource
    void aDirectory(Access access) throws Exception {
        refuses(directory, access, "is a directory");
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoDiskAtAll(Access access) throws Exception {
        refuses(Path.of("/dev/null"), access, "neither a file nor a block device");
        Path fifo = directory.resolve("fifo");
        Program.output("mkfifo", fifo);
        refuses(fifo, access, "neither a file nor a block device");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511})
    void aFileTooSmall(int bytes) throws Exception {
        Path path = Files.write(directory.resolve("small.img"), new byte[bytes]);
        refuses(path, Access.READ_ONLY, bytes == 0 ? "is empty" : "too small for a disk: " + bytes + " bytes", "disk create");
    }

    @Test
    void aFileThisUserMayNotReadOrWrite() throws Exception {
        assumeFalse("root".equals(System.getProperty("user.name")), "root may read and write any file");
        Path path = Files.write(directory.resolve("disk.img"), new byte[4096]);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r--r--r--"));
        refuses(path, Access.READ_WRITE, "may not be written by this user; open it read-only");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("---------"));
        refuses(path, Access.READ_ONLY, "may not be read by this user");
    }

    @Test
    void aFileThatThisProgramHasOpen() throws Exception {
        Path path = Files.write(directory.resolve("disk.img"), new byte[4096]);
        try (var _ = RawFile.open(path, Access.READ_WRITE)) {
            refuses(path, Access.READ_WRITE, "is in use by this program, a second time");
            refuses(path, Access.READ_ONLY, "is open for writing in this program");
            Path other = Files.createLink(directory.resolve("other.img"), path);
            refuses(other, Access.READ_WRITE, "is in use by this program");
        }
        RawFile.open(path, Access.READ_WRITE).close();
    }

    @Test
    void readersShareAFileAndKeepWritersOut() throws Exception {
        Path path = Files.write(directory.resolve("disk.img"), new byte[4096]);
        try (var _ = RawFile.open(path, Access.READ_ONLY);
                var second = RawFile.open(path, Access.READ_ONLY)) {
            assertThat(new Blocking(second).read(0, 512)).containsOnly(0);
            refuses(path, Access.READ_WRITE, "is in use by this program");
        }
    }

    @Test
    void aLockEndsWithTheDiskAndNotBefore() throws Exception {
        Path path = Files.write(directory.resolve("disk.img"), new byte[4096]);
        try (var _ = RawFile.open(path, Access.READ_WRITE)) {
            Files.readAllBytes(path);
            refuses(path, Access.READ_WRITE, "is in use");
        }
        RawFile.open(path, Access.READ_WRITE).close();
    }
}
