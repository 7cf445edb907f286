package holdfast.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;

final class CpioArchiveTest {

    private static byte[] archive(FileTree tree) throws IOException {
        var out = new ByteArrayOutputStream();
        CpioArchive.write(tree, out);
        return out.toByteArray();
    }

    private static FileTree sample() {
        return new FileTree()
                .file("usr/bin/a", 0755, "abc".getBytes(UTF_8))
                .file("etc/ümlaut", 0600, new byte[0])
                .link("init", "usr/bin/a")
                .directory("tmp", 01777)
                .put("dev/console", new Node.CharacterDevice(0600, 5, 1));
    }

    @Test
    void anotherReaderSeesWhatWasWritten() throws IOException {
        var seen = new ArrayList<String>();
        try (var in = new CpioArchiveInputStream(new ByteArrayInputStream(archive(sample())), "UTF-8")) {
            for (CpioArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                String content = entry.isDirectory() ? "" : new String(in.readAllBytes(), UTF_8);
                String device = entry.isCharacterDevice() ? " " + entry.getRemoteDeviceMaj() + "," + entry.getRemoteDeviceMin() : "";
                seen.add(Long.toOctalString(entry.getMode()) + " " + entry.getName() + device + " " + content);
            }
        }
        assertThat(seen).containsExactly(
                "120777 bin usr/bin",
                "40755 dev ",
                "20600 dev/console 5,1 ",
                "40755 etc ",
                "100600 etc/ümlaut ",
                "120777 init usr/bin/a",
                "120777 lib usr/lib",
                "120777 sbin usr/sbin",
                "41777 tmp ",
                "40755 usr ",
                "40755 usr/bin ",
                "100755 usr/bin/a abc",
                "40755 usr/lib ",
                "40755 usr/sbin ");
    }

    @Test
    void equalTreesGiveEqualBytes() throws IOException {
        assertThat(archive(sample())).isEqualTo(archive(sample()));
    }

    @Test
    void whatIsPutBelowBinLandsBelowUsr() {
        var tree = new FileTree().file("bin/x", 0755, new byte[0]).file("lib/y/z", 0644, new byte[0]);
        assertThat(tree.nodes()).containsKeys("usr/bin/x", "usr/lib/y", "usr/lib/y/z").doesNotContainKey("bin/x");
        assertThat(tree.has("bin/x")).isTrue();
    }
}
