package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AptSourcesTest {
    private static final String KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

    @TempDir
    Path etc;

    private Path keyring() throws IOException {
        return Files.writeString(etc.resolve("keyring.gpg"), "key");
    }

    private static AptSource main(String uri, String suite) {
        return new AptSource(uri, suite, List.of("main"), KEYRING);
    }

    @Test
    void readsBothFormsAndNoOtherFiles() throws IOException {
        Files.createDirectory(etc.resolve("sources.list.d"));
        Files.writeString(etc.resolve("sources.list"), """
                # deb http://commented.test/debian bookworm main
                deb http://one.test/debian bookworm main contrib # why
                deb-src http://one.test/debian bookworm main
                deb [arch=amd64 signed-by=/keys/a.gpg] https://two.test/debian/ trixie-updates main
                """);
        Files.writeString(etc.resolve("sources.list.d/x.sources"), """
                Types: deb deb-src
                URIs: http://three.test/debian
                Suites: trixie trixie-updates
                # a comment
                Components: main non-free
                Signed-By:
                 -----BEGIN PGP PUBLIC KEY BLOCK-----
                 .
                 abc

                Types: deb
                Enabled: no
                URIs: http://off.test/debian
                Suites: trixie
                Components: main
                """);
        Files.writeString(etc.resolve("sources.list.d/y.list.disabled"), "deb http://four.test/ trixie main\n");

        assertThat(AptSources.read(etc)).containsExactly(
                new AptSource("http://one.test/debian", "bookworm", List.of("main", "contrib"), ""),
                new AptSource("https://two.test/debian/", "trixie-updates", List.of("main"), "/keys/a.gpg"),
                new AptSource("http://three.test/debian", "trixie", List.of("main", "non-free"), "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc"),
                new AptSource("http://three.test/debian", "trixie-updates", List.of("main", "non-free"), "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc"));
    }

    @Test
    void everyReleaseOfTheHostLeadsToTheGuestsRelease() throws IOException {
        var mirror = DebianMirror.of(
                List.of(
                        new AptSource("http://security.test", "bookworm-security", List.of("main"), KEYRING),
                        main("http://mirror.test", "bookworm"),
                        main("http://second.test", "bookworm"),
                        main("http://mirror.test", "bookworm-updates"),
                        main("http://other.test", "nodistro")),
                null,
                keyring());
        assertThat(mirror.sources()).containsExactly(
                main("http://mirror.test", "trixie"),
                main("http://security.test", "trixie-security"),
                main("http://mirror.test", "trixie-updates"));
        assertThat(mirror.stanzas()).contains("Architectures: riscv64", "Signed-By: " + KEYRING);
    }

    @Test
    void anEntryWithoutKeyGetsDebiansKeyring() throws IOException {
        var mirror = DebianMirror.of(List.of(new AptSource("http://m.test", "stable", List.of("main"), "")), null, keyring());
        assertThat(mirror.sources()).containsExactly(
                new AptSource("http://m.test", "trixie", List.of("main"), keyring().toString()));
    }

    @Test
    void aNamedMirrorGoesFirst() throws IOException {
        var mirror = DebianMirror.of(List.of(main("http://m.test", "bookworm")), "http://named.test/debian", keyring());
        assertThat(mirror.address()).isEqualTo("http://named.test/debian");
    }

    @Test
    void aMachineWithoutADebianMirrorIsToldWhatToDo() throws IOException {
        Path keys = keyring();
        List<AptSource> ubuntu = List.of(main("http://ubuntu.test", "noble"), main("http://ubuntu.test", "noble-updates"));
        assertThatThrownBy(() -> DebianMirror.of(ubuntu, null, keys))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("no Debian mirror")
                .hasMessageContaining("HOLDFAST_MIRROR");
    }

    @Test
    void nothingIsFetchedThatCouldNotBeTrusted() {
        assertThatThrownBy(() -> DebianMirror.of(List.of(), "http://named.test", etc.resolve("none.gpg")))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("debian-archive-keyring");
    }
}
