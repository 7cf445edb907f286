package holdfast.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DebTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {".xz", ".zst", ".gz", ""})
    void readsEveryCompression(String compression) throws IOException {
        Deb deb = new SyntheticDeb()
                .directory("./usr/bin")
                .file("./usr/bin/tool", 0755, "content".getBytes(UTF_8))
                .link("./usr/bin/alias", "tool")
                .write(directory.resolve("a.deb"), compression);
        var seen = new ArrayList<String>();
        deb.files((entry, content) ->
                seen.add(entry.type() + " " + entry.path() + " " + Integer.toOctalString(entry.mode()) + " " + entry.target() + ":"
                        + new String(content.readAllBytes(), UTF_8)));
        assertThat(seen).containsExactly(
                "DIRECTORY usr/bin 755 :", "FILE usr/bin/tool 755 :content", "SYMBOLIC_LINK usr/bin/alias 755 tool:");
    }

    @ParameterizedTest
    @ValueSource(strings = {"./../etc/passwd", "usr/../../x", "/etc/passwd"})
    void refusesPathsThatLeaveTheRoot(String path) throws IOException {
        Deb deb = new SyntheticDeb().file(path, "x").write(directory.resolve("a.deb"), "");
        assertThatThrownBy(() -> deb.files((_, _) -> {})).isInstanceOf(OperatorError.class).hasMessageContaining("no usable package");
    }

    @Test
    void refusesAHardLinkThatLeavesTheRootAndADevice() throws IOException {
        Deb link = new SyntheticDeb().special("./a", TarConstants.LF_LINK, "../../etc/shadow").write(directory.resolve("a.deb"), "");
        assertThatThrownBy(() -> link.files((_, _) -> {})).isInstanceOf(OperatorError.class);
        Deb device = new SyntheticDeb().special("./dev/mem", TarConstants.LF_CHR, "").write(directory.resolve("b.deb"), "");
        assertThatThrownBy(() -> device.files((_, _) -> {})).isInstanceOf(OperatorError.class);
    }

    @Test
    void refusesAFileThatPromisesMoreThanAPackageHas() throws IOException {
        Deb deb = new SyntheticDeb().file("./a", "x").write(directory.resolve("a.deb"), "");
        byte[] bytes = Files.readAllBytes(deb.file());
        // The size field of the tar header, 12 octal digits at 124; the header begins after ar's third member header.
        int header = new String(bytes, ISO_8859_1).indexOf("./a\0");
        byte[] size = "77777777777\0".getBytes(UTF_8);
        System.arraycopy(size, 0, bytes, header + 124, size.length);
        int sum = 0;
        Arrays.fill(bytes, header + 148, header + 156, (byte) ' ');
        for (int i = 0; i < 512; i++) {
            sum += bytes[header + i] & 0xff;
        }
        System.arraycopy("%06o\0 ".formatted(sum).getBytes(UTF_8), 0, bytes, header + 148, 8);
        Files.write(deb.file(), bytes);
        assertThatThrownBy(() -> deb.files((_, _) -> {})).isInstanceOf(OperatorError.class).hasMessageContaining("larger than");
    }

    @Test
    void truncatedPackagesAreRefusedWhereverTheyEnd() throws IOException {
        Deb whole = new SyntheticDeb().file("./a", 0644, new byte[5000]).file("./b", "end").write(directory.resolve("a.deb"), ".xz");
        byte[] bytes = Files.readAllBytes(whole.file());
        for (int length = 0; length < bytes.length; length += 7) {
            Deb cut = new Deb(Files.write(directory.resolve("cut.deb"), Arrays.copyOf(bytes, length)));
            assertThatThrownBy(() -> cut.files((_, content) -> content.readAllBytes()))
                    .isInstanceOfAny(OperatorError.class, IOException.class);
        }
    }
}
