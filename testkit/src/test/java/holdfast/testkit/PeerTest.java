package holdfast.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerTest {

    @Test
    void everyListedPeerIsNamedOnce() {
        assertThat(Peer.all()).isNotEmpty().extracting(Peer::name).doesNotHaveDuplicates();
    }

    @Test
    void aNameThatIsNotListedIsAMistakeInTheTest() {
        assertThatThrownBy(() -> Peer.named("qemu-vax"))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessageContaining("tools/peers does not list 'qemu-vax'");
    }

    @Test
    void aProgramIsFoundAlongTheSearchPath(@TempDir Path first, @TempDir Path second) throws IOException {
        Path program = Files.createFile(
                second.resolve("some-peer"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        assertThat(new Peer("some-peer", "some-package").find(first + ":" + second)).contains(program);
    }

    @Test
    void aFileThatCannotBeExecutedIsNoProgram(@TempDir Path directory) throws IOException {
        Files.createFile(directory.resolve("some-peer"));
        assertThat(new Peer("some-peer", "some-package").find(directory.toString())).isEmpty();
    }

    @Test
    void aPeerWithASlashIsAFile(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("firmware.bin");
        var peer = new Peer(file.toString(), "some-package");
        assertThat(peer.find("/usr/bin")).isEmpty();
        Files.createFile(file);
        assertThat(peer.find("/usr/bin")).contains(file);
    }
}
