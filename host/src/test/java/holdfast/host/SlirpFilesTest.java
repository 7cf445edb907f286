package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.network.Ipv4;
import holdfast.network.Network;
import holdfast.network.NetworkSettings;
import holdfast.network.Subnet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class SlirpFilesTest {
    @TempDir
    Path directory;

    /// As on a machine on which nothing is installed, by its apt.
    @Test
    @Tag("system")
    @Tag("long")
    void theLibraryIsFetchedWithWhatItNeedsAndNetworksGetTheirWayOutThroughIt() throws Exception {
        Path status = Files.createFile(directory.resolve("status"));
        var files = new SlirpFiles(directory.resolve("slirp"), status);
        List<Path> library = files.obtain();
        assertThat(library).extracting(file -> file.getFileName().toString())
                .containsExactly("libpcre2-8.so.0", "libglib-2.0.so.0", "libslirp.so.0");
        var settings = new NetworkSettings(new Subnet(Ipv4.parse("10.9.8.0")), "test.internal", 1500, false, library);
        try (Network network = Network.open(settings)) {
            assertThat(network.status().wayOut()).isTrue();
        }
        // Loaded from there, although this machine may have one of its own.
        assertThat(Files.readString(Path.of("/proc/self/maps"))).contains(directory.resolve("slirp").toRealPath().toString());
        assertThat(files.obtain()).isEqualTo(library);
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("status", "slirp", "slirp.lock");
        }
    }

    @Test
    @Tag("long")
    void whereItCannotBeFetchedNothingIsLeft() {
        var files = new SlirpFiles(directory.resolve("slirp"), directory);
        assertThatThrownBy(files::obtain).isInstanceOf(IOException.class);
        assertThat(directory.resolve("slirp")).doesNotExist();
    }
}
