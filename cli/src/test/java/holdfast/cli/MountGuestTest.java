package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Directories of the host's in a real guest, whose kernel is the client.
@Tag("system")
@Timeout(300)
class MountGuestTest {
    @TempDir
    Path home;

    @Test
    void aGuestWorksInADirectoryOfTheHostsAndNowhereElse() throws Exception {
        Path work = Files.createDirectory(home.resolve("work"));
        Path kept = Files.createDirectory(home.resolve("kept"));
        byte[] data = new byte[3_000_001];
        new Random(1).nextBytes(data);
        Files.write(work.resolve("data"), data);
        Files.writeString(kept.resolve("file"), "kept");
        Files.writeString(home.resolve("secret"), "secret");
        Files.createSymbolicLink(work.resolve("link"), Path.of("../secret"));
        var ended = Holdfast.ended(Holdfast.start(Holdfast.builder("run", "--mount", work.toString(), "--mount", kept + ":/srv/it's kept,ro", "--exec", """
                cd /mnt/work && sha256sum <data
                cat link 2>/dev/null; cat /mnt/secret 2>/dev/null; readlink link
                mkdir -p a/b && echo one >a/b/one && mv a/b/one a/two && ln a/two a/again && ln -s two a/soft && cat a/soft && rm a/two && rmdir a/b && ls a
                cp data copy && sync && cmp data copy && truncate -s 5 copy && chmod 600 copy && ls -l copy | cut -c1-10
                i=0; while [ $i -lt 300 ]; do : >a/file$i; i=$((i + 1)); done; ls a | wc -l
                cat "/srv/it's kept/file"; echo; rm "/srv/it's kept/file" 2>&1
                """)));
        assertThat(ended.out().lines()).containsExactly(
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data)) + "  -",
                "../secret", "one", "again", "soft", "-rw-------", "302", "kept",
                "rm: can't remove '/srv/it's kept/file': Read-only file system");
        assertThat(work.resolve("a/again")).hasContent("one\n");
        assertThat(Files.size(work.resolve("copy"))).isEqualTo(5);
        assertThat(kept.resolve("file")).hasContent("kept");
        assertThat(home.resolve("secret")).hasContent("secret");
    }
}
