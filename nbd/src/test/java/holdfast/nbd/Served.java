package holdfast.nbd;

import holdfast.block.BlockDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A server for a test, at a socket of its own. The devices are the test's.
record Served(NbdServer server, Path directory) implements AutoCloseable {
    static Served of(BlockDevice device) throws IOException {
        return of(List.of(new Export("disk", "a disk", device)));
    }

    static Served of(List<Export> exports) throws IOException {
        Path directory = Files.createTempDirectory("nbd");
        return new Served(NbdServer.open(new NbdAddress.Unix(directory.resolve("socket")), exports), directory);
    }

    NbdAddress address() {
        return server.address();
    }

    TestClient connect() throws IOException {
        return TestClient.connect(address());
    }

    TestClient simple() throws IOException {
        return TestClient.go(address(), "disk", false);
    }

    TestClient structured() throws IOException {
        return TestClient.go(address(), "disk", true);
    }

    static long seconds(int seconds) {
        return System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(directory);
    }
}
