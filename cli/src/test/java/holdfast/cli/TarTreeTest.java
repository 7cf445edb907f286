package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarTreeTest {
    @TempDir
    Path directory;

    private static void mode(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private byte[] packed(Path source) throws IOException {
        var out = new ByteArrayOutputStream();
        TarTree.pack(source, out);
        return out.toByteArray();
    }

    private Path unpacked(byte[] tar) throws IOException {
        Path root = Files.createTempDirectory(directory, "unpacked").resolve("root");
        TarTree.unpack(new ByteArrayInputStream(tar), root);
        return root;
    }

    @Test
    void aTreeIsTheSameAfterwards() throws Exception {
        Path source = Files.createDirectory(directory.resolve("source"));
        Path locked = Files.createDirectories(source.resolve("sub/locked"));
        Files.write(source.resolve("big"), new byte[100_000]);
        Files.setLastModifiedTime(source.resolve("big"), FileTime.fromMillis(1_000_000_000_000L));
        Files.writeString(locked.resolve("n".repeat(200)), "long");
        Files.writeString(source.resolve("tönend"), "ü");
        Files.createSymbolicLink(source.resolve("link"), Path.of("../elsewhere"));
        mode(source.resolve("big"), "rwx--x---");
        mode(locked, "r-xr-x---");
        Path root = unpacked(packed(source));
        assertThat(root.resolve("big")).hasSameBinaryContentAs(source.resolve("big"));
        assertThat(mode(root.resolve("big"))).isEqualTo("rwx--x---");
        assertThat(Files.getLastModifiedTime(root.resolve("big")).toMillis()).isEqualTo(1_000_000_000_000L);
        assertThat(mode(root.resolve("sub/locked"))).isEqualTo("r-xr-x---");
        assertThat(root.resolve("sub/locked/" + "n".repeat(200))).hasContent("long");
        assertThat(root.resolve("tönend")).hasContent("ü");
        assertThat(Files.readSymbolicLink(root.resolve("link"))).isEqualTo(Path.of("../elsewhere"));
    }

    @Test
    void aSingleFileIsOne() throws Exception {
        Path source = Files.writeString(directory.resolve("source"), "text");
        mode(source, "rw-r-----");
        Path root = unpacked(packed(source));
        assertThat(root).hasContent("text");
        assertThat(mode(root)).isEqualTo("rw-r-----");
    }

    @Test
    void whatIsCutOffIsNotTakenForAll() throws Exception {
        Path source = Files.write(directory.resolve("source"), new byte[100_000]);
        byte[] tar = packed(source);
        assertThatThrownBy(() -> unpacked(Arrays.copyOf(tar, 50_000))).isInstanceOf(IOException.class);
    }

    private byte[] tar(TarArchiveEntry... entries) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(out, StandardCharsets.UTF_8.name())) {
            for (TarArchiveEntry entry : entries) {
                if (entry.isFile() && !entry.isLink() && !entry.isSymbolicLink() && !entry.isFIFO() && !entry.isCharacterDevice()) {
                    entry.setSize(4);
                }
                tar.putArchiveEntry(entry);
                if (entry.getSize() == 4) {
                    tar.write("evil".getBytes(StandardCharsets.UTF_8));
                }
                tar.closeArchiveEntry();
            }
        }
        return out.toByteArray();
    }

    private static TarArchiveEntry entry(String name, byte type, String link) {
        var entry = new TarArchiveEntry(name, type, true);
        entry.setLinkName(link);
        return entry;
    }

    private static TarArchiveEntry file(String name) {
        return entry(name, TarConstants.LF_NORMAL, "");
    }

    private void refused(String message, TarArchiveEntry... entries) throws IOException {
        byte[] tar = tar(entries);
        assertThatThrownBy(() -> unpacked(tar)).isInstanceOf(IOException.class).hasMessageContaining(message);
        assertThat(directory.resolve("evil")).doesNotExist();
        assertThat(directory.resolve("outside/evil")).doesNotExist();
    }

    @Test
    void nothingIsMadeElsewhere() throws Exception {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        TarArchiveEntry root = entry("x/", TarConstants.LF_DIR, "");
        refused("leads elsewhere", root, file("x/../../evil"));
        refused("leads elsewhere", file("../evil"));
        refused("without a name", entry("./", TarConstants.LF_DIR, ""));
        refused("leads through something that is no directory",
                root, entry("x/link", TarConstants.LF_SYMLINK, outside.toString()), file("x/link/evil"));
        refused("leads through something that is no directory", entry("x", TarConstants.LF_SYMLINK, outside.toString()), file("x/evil"));
        refused("link to something else", root, entry("x/link", TarConstants.LF_SYMLINK, "/etc/passwd"), entry("x/hard", TarConstants.LF_LINK, "x/link"));
        refused("", root, entry("x/link", TarConstants.LF_SYMLINK, directory.resolve("evil").toString()), file("x/link"));
        refused("neither a file", root, entry("x/pipe", TarConstants.LF_FIFO, ""));
        refused("neither a file", root, entry("x/device", TarConstants.LF_CHR, ""));
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void aFileThatRunsAsItsOwnerComesWithoutThat() throws Exception {
        TarArchiveEntry program = file("x");
        program.setMode(04755);
        Path root = unpacked(tar(program));
        assertThat((Integer) Files.getAttribute(root, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777).isEqualTo(0755);
    }

    @Test
    void whatIsOfAMachineHasItsName() {
        assertThat(GuestPath.of("one:/etc/passwd")).contains(new GuestPath("one", "/etc/passwd"));
        assertThat(GuestPath.of("one:")).contains(new GuestPath("one", ""));
        assertThat(GuestPath.of("./one:x")).isEmpty();
        assertThat(GuestPath.of("/a/b:c")).isEmpty();
        assertThat(GuestPath.of("plain")).isEmpty();
        assertThat(new GuestPath("one", "it's").quoted()).isEqualTo("'/root/it'\\''s'");
    }
}
