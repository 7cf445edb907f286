package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import holdfast.image.Command.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AptTest {
    private static final String SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    Path directory;

    @Test
    void readsWhatAptWouldFetch() {
        List<AptPackage> packages = AptPackage.parse(List.of(
                "'http://m.test/pool/main/b/busybox/busybox-static_1.37.0-6%2bb9_riscv64.deb' busybox-static_1%3a1.37.0-6+b9_riscv64.deb 941532 SHA256:"
                        + SHA256_OF_ABC,
                "Reading package lists...",
                "'http://m.test/x.deb' x_1_all.deb 1 MD5Sum:900150983cd24fb0d6963f7d28e17f72"));
        assertThat(packages).containsExactly(new AptPackage("busybox-static_1%3a1.37.0-6+b9_riscv64.deb", 941532, SHA256_OF_ABC));
        assertThat(packages.getFirst().packageVersion()).isEqualTo(new PackageVersion("busybox-static", "1:1.37.0-6+b9"));
    }

    @Test
    void aPackageWithOtherBytesThanSignedForIsRemoved() throws IOException {
        var wanted = new AptPackage("a_1_all.deb", 3, SHA256_OF_ABC);
        var archives = new Archives(directory);
        Path file = Files.writeString(directory.resolve("a_1_all.deb"), "abc");
        assertThat(archives.checked(wanted)).isEqualTo(new Deb(file));
        Files.writeString(file, "abd");
        assertThatThrownBy(() -> archives.checked(wanted)).isInstanceOf(OperatorError.class).hasMessageContaining("changed on disk");
        assertThat(file).doesNotExist();
        assertThatThrownBy(() -> archives.checked(wanted)).isInstanceOf(OperatorError.class).hasMessageContaining("not fetched");
    }

    @Test
    void progressIsInBytesOfWhatIsMissing() {
        var heard = new ArrayList<String>();
        var status = new AptProgress(
                new Progress() {
                    @Override
                    public void bytes(long done, long total) {
                        heard.add(done + "/" + total);
                    }
                },
                1000,
                200);
        status.line("dlstatus:1:20.0000:Retrieving file 1 of 3");
        status.line("Get:1 http://m.test trixie/main riscv64 x [1 kB]");
        status.line("dlstatus:2:60.0000:Retrieving file 2 of 3");
        status.line("dlstatus:3:100.0000:Retrieving file 3 of 3");
        assertThat(heard).containsExactly("0/800", "400/800", "800/800");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "Temporary failure resolving 'm.test'|cannot be reached",
        "Could not connect to m.test:80 (192.0.2.1), connection timed out|cannot be reached",
        "The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 0E98404D386FA1D9|debian-archive-keyring",
        "Write error - write (28: No space left on device)|no space left",
        "You don't have enough free space in /x/archives/.|no space left",
        "Unable to locate package nosuch|Unable to locate package nosuch",
        "Something else|Something else",
    })
    void failuresSayWhatToDo(String line, String expected) {
        var mirror = new DebianMirror(List.of(new AptSource("http://m.test", "trixie", List.of("main"), "k")));
        OperatorError error = AptError.of(new Outcome(100, List.of("W: a warning", "E: " + line)), mirror, directory);
        assertThat(error).hasMessageContaining(expected);
        assertThat(error.nextStep()).isNotBlank();
    }

    @Test
    void aMachineWithoutAptIsToldSo() {
        assertThatThrownBy(() -> Command.run(List.of("no-such-program-anywhere"), Map.of(), _ -> {}))
                .isInstanceOf(Command.Missing.class);
    }

    @Test
    void commandsAreHeardLineByLine() throws IOException, InterruptedException {
        var lines = new ArrayList<String>();
        Outcome outcome = Command.run(
                List.of("sh", "-c", "echo one; echo \"$HOLDFAST_TEST\"; echo bad >&2; exit 3"), Map.of("HOLDFAST_TEST", "two"), lines::add);
        assertThat(lines).containsExactly("one", "two");
        assertThat(outcome).isEqualTo(new Outcome(3, List.of("bad")));
    }
}
