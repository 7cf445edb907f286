package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What our server says of the content of an export that nobody can change.
@Timeout(60)
class ContentTest {
    @TempDir
    Path directory;

    private Path image;
    private NbdAddress address;

    @BeforeEach
    void anImage() throws Exception {
        image = directory.resolve("image.raw");
        Files.write(image, new byte[1 << 20]);
        address = new NbdAddress.Unix(directory.resolve("socket"));
    }

    private NbdServer serve(RawFile file) {
        return NbdServer.open(address, List.of(new Export("image", "", file)));
    }

    @Test
    void aReadOnlyExportIsKnownByWhatItsDiskIsKnownBy() {
        try (RawFile file = RawFile.open(image, Access.READ_ONLY);
                NbdServer _ = serve(file);
                NbdDevice device = NbdDevice.open(address.uri(), Duration.ZERO)) {
            assertThat(file.identity()).isPresent();
            assertThat(device.identity()).isEqualTo(file.identity());
            assertThat(NbdDevice.look(address.uri()).content()).isEqualTo(file.identity());
        }
    }

    @Test
    void oneThatMayBeWrittenIsNot() {
        try (RawFile file = RawFile.open(image, Access.READ_WRITE);
                NbdServer _ = serve(file);
                NbdDevice device = NbdDevice.open(address.uri(), Duration.ZERO)) {
            assertThat(device.identity()).isEmpty();
        }
    }

    @Test
    void aClientDoesNotGoOnWithAnotherContent() throws Exception {
        try (var _ = Silence.of(NbdDevice.class)) {
            RawFile file = RawFile.open(image, Access.READ_ONLY);
            NbdServer server = serve(file);
            try (NbdDevice device = NbdDevice.open(address.uri(), Duration.ofMillis(100))) {
                new Blocking(device).read(0, 4096);
                server.close();
                file.close();
                Files.setLastModifiedTime(image, FileTime.fromMillis(1));
                try (RawFile another = RawFile.open(image, Access.READ_ONLY); NbdServer _ = serve(another)) {
                    assertThatThrownBy(() -> new Blocking(device).read(0, 4096)).isInstanceOf(DiskException.class);
                }
            }
        }
    }

    @Test
    @Needs("nbdinfo")
    void peopleSeeIt() throws Exception {
        try (RawFile file = RawFile.open(image, Access.READ_ONLY); NbdServer _ = serve(file)) {
            assertThat(Program.output("nbdinfo", address.uri())).contains("holdfast content: " + file.identity().orElseThrow());
        }
    }

    @Test
    @Needs("nbdkit")
    void serversOfOthersSayNothing() throws Exception {
        Path socket = directory.resolve("nbdkit.sock");
        // Written when it listens; its socket is there before.
        Path ready = directory.resolve("nbdkit.pid");
        Process server = Program.start("nbdkit", "--foreground", "--readonly", "--pidfile", ready, "--unix", socket, "file", image);
        try {
            Awaitility.await().until(() -> Files.exists(ready) || !server.isAlive());
            try (NbdDevice device = NbdDevice.open("nbd+unix:///?socket=" + socket, Duration.ZERO)) {
                assertThat(device.identity()).isEmpty();
                assertThat(new Blocking(device).read(0, 4096)).containsOnly(0);
            }
        } finally {
            server.destroy();
        }
    }
}
