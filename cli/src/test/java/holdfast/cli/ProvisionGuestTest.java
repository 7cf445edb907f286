package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A guest on a disk that is still arriving.
@Tag("system")
@Tag("long")
@Timeout(300)
@Needs({"mke2fs", "e2fsck"})
class ProvisionGuestTest {
    private static final int FILE_BYTES = 4 << 20;

    @TempDir
    Path directory;

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private void file(String name, long seed) throws Exception {
        var bytes = new byte[FILE_BYTES];
        new Random(seed).nextBytes(bytes);
        Files.write(Files.createDirectories(directory.resolve("files")).resolve(name), bytes);
    }

    /// @return its digests of the files, one a line
    private List<String> guest(String commands) throws Exception {
        Holdfast.Ended ended = Holdfast.run("run", "tiny", "--disk", path("d.raw"), "--exec", "mount -t ext4 /dev/vda /mnt && cd /mnt && " + commands);
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return ended.out().lines().toList();
    }

    @Test
    void readsAndWritesWhatIsThereWithoutItsRepositoryAndTheRestWithIt() throws Exception {
        file("a", 1);
        file("b", 2);
        Path image = directory.resolve("image.raw");
        Program.output("truncate", "-s", "32M", image);
        Program.output("mke2fs", "-q", "-t", "ext4", "-d", directory.resolve("files"), image);
        assertThat(Holdfast.run("disk", "provision", path("d.raw"), "--from", image.toString()).exitCode()).isZero();

        String a = digest("a");
        assertThat(guest("md5sum a && echo more > c && cd / && umount /mnt")).containsExactly(a + "  a");
        Files.move(image, directory.resolve("away"));
        assertThat(guest("md5sum a c && { md5sum b || echo no; }")).as("no zeros, no leavings")
                .containsExactly(a + "  a", digestOf("more\n") + "  c", "no");
        Files.move(directory.resolve("away"), image);
        assertThat(guest("md5sum b && cd / && umount /mnt")).containsExactly(digest("b") + "  b");

        assertThat(Holdfast.run("disk", "fill", path("d.raw")).exitCode()).isZero();
        Files.delete(image);
        assertThat(Program.run("e2fsck", "-fn", path("d.raw")).exitCode()).isZero();
        assertThat(guest("md5sum a b c")).containsExactly(a + "  a", digest("b") + "  b", digestOf("more\n") + "  c");
    }

    private String digest(String name) throws Exception {
        return Program.output("md5sum", directory.resolve("files").resolve(name)).split(" ", 2)[0];
    }

    private String digestOf(String content) throws Exception {
        Path file = Files.writeString(directory.resolve("text"), content);
        return Program.output("md5sum", file).split(" ", 2)[0];
    }
}
