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

    private static final DebianMirror MIRROR = new DebianMirror(List.of(new AptSource("http://m.test", "trixie", List.of("main"), "k")));

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
        "Failed to fetch http://m.test/Packages.xz  File has unexpected size (1 != 2). Mirror sync in progress? [IP: 192.0.2.1 80]|is just being renewed",
        "Failed to fetch http://m.test/Packages.xz  Hash Sum mismatch|is just being renewed",
        "Unable to locate package nosuch|Unable to locate package nosuch",
        "Something else|Something else",
    })
    void failuresSayWhatToDo(String line, String expected) {
        OperatorError error = AptError.of(new Outcome(100, List.of("W: a warning", "E: " + line)), MIRROR, directory);
        assertThat(error).hasMessageContaining(expected);
        assertThat(error.nextStep()).isNotBlank();
    }

    /// What apt-get does at a mirror on which one of both names of the release has signatures that are newer than the lists.
    ///
    /// @param suite for which both are of one time
    /// @param codename of what is there under that name
    private Apt aptAt(String suite, String codename) throws Exception {
        Path program = Files.writeString(directory.resolve("apt-get"), """
                #!/bin/sh
                case "$*" in *update) ;; *) exit 0 ;; esac
                cd '%1$s'
                echo update >>../updates
                if ! grep -qx 'Suites: %2$s' guest.sources; then
                    echo 'E: Failed to fetch http://m.test/Packages.xz  File has unexpected size (1 != 2). Mirror sync in progress?' >&2
                    exit 100
                fi
                printf 'Origin: Debian\nCodename: %3$s\n' >lists/m.test_dists_%2$s_InRelease
                : >lists/m.test_dists_%2$s_main_binary-riscv64_Packages
                """.formatted(directory.resolve("apt"), suite, codename));
        assertThat(program.toFile().setExecutable(true)).isTrue();
        return Apt.at(program.toString(), directory.resolve("apt"), MIRROR);
    }

    private long updates() throws IOException {
        return Files.readAllLines(directory.resolve("updates")).size();
    }

    @ParameterizedTest
    @CsvSource({"trixie, 1", "stable, 2"})
    void aMirrorThatIsBeingRenewedIsAskedForTheReleaseUnderItsOtherName(String suite, int updates) throws Exception {
        Apt apt = aptAt(suite, "trixie");
        apt.update(Progress.NONE);
        assertThat(updates()).isEqualTo(updates);
        aptAt(suite, "trixie").update(Progress.NONE);
        assertThat(updates()).as("its lists are kept").isEqualTo(updates);
    }

    @Test
    void aMirrorOfOnesOwnNeedNotSayWhatItsReleaseIsCalled() throws Exception {
        aptAt("trixie", "ours").update(Progress.NONE);
        assertThat(directory.resolve("apt/lists")).isDirectoryContaining("glob:**_Packages");
    }

    @Test
    void anotherReleaseOfThatNameIsNotTaken() throws Exception {
        Apt apt = aptAt("stable", "forky");
        assertThatThrownBy(() -> apt.update(Progress.NONE)).isInstanceOf(OperatorError.class).hasMessageContaining("is just being renewed");
        assertThat(directory.resolve("apt/lists")).isDirectoryNotContaining("glob:**_Packages");
        assertThat(directory.resolve("apt/guest.sources")).content().contains("Suites: trixie\n");
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
