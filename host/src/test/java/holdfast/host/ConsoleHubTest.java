package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.host.Frame.Channel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ConsoleHubTest {
    @TempDir
    Path directory;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void show(ConsoleHub hub, String text) {
        hub.output(bytes(text), 0, text.length());
    }

    /// Both ends of a connection.
    private record Ends(Wire process, Wire daemon) {}

    private Ends ends() throws Exception {
        Path path = directory.resolve("s");
        Files.deleteIfExists(path);
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            var accepted = new CompletableFuture<Wire>();
            Thread.ofVirtual().start(() -> {
                try {
                    SocketChannel client = server.accept();
                    accepted.complete(Wire.accepted(client));
                } catch (IOException e) {
                    accepted.completeExceptionally(e);
                }
            });
            Wire daemon = Wire.connect(path);
            return new Ends(accepted.get(), daemon);
        }
    }

    private static String read(Wire wire, int length) throws Exception {
        var text = new StringBuilder();
        while (text.length() < length) {
            Frame frame = Objects.requireNonNull(wire.receive());
            assertThat(frame.channel()).isEqualTo(Channel.OUTPUT);
            text.append(new String(frame.bytes(), StandardCharsets.UTF_8));
        }
        return text.toString();
    }

    private static void sending(Viewer viewer) {
        Thread.ofVirtual().start(() -> {
            try {
                viewer.send();
            } catch (IOException gone) {
                viewer.leave();
            }
        });
    }

    @Test
    void whoComesLateSeesTheLastOfItAndThenWhatComes() throws Exception {
        try (var hub = new ConsoleHub(directory.resolve("log"))) {
            show(hub, "early ".repeat(20_000));
            show(hub, "before\n");
            Ends ends = ends();
            var viewer = new Viewer(ends.process());
            hub.add(viewer);
            show(hub, "after\n");
            sending(viewer);
            String seen = read(ends.daemon(), (64 << 10) + 6);
            assertThat(seen).hasSize((64 << 10) + 6).endsWith("early before\nafter\n");
            hub.end("it was saved");
            Frame last = Objects.requireNonNull(ends.daemon().receive());
            assertThat(last.channel()).isEqualTo(Channel.LOST);
            assertThat(new String(last.bytes(), StandardCharsets.UTF_8)).isEqualTo("it was saved");
        }
    }

    @Test
    void whoDoesNotReadIsLeftAndTheGuestDoesNotWait() throws Exception {
        try (var hub = new ConsoleHub(directory.resolve("log"))) {
            Ends ends = ends();
            var viewer = new Viewer(ends.process());
            hub.add(viewer);
            sending(viewer);
            byte[] much = new byte[1 << 20];
            for (int i = 0; i < 20; i++) {
                hub.output(much, 0, much.length);
            }
            Frame frame = Objects.requireNonNull(ends.daemon().receive());
            int frames = 1;
            while (frame.channel() == Channel.OUTPUT) {
                frame = Objects.requireNonNull(ends.daemon().receive());
                frames++;
            }
            assertThat(frame.channel()).isEqualTo(Channel.LOST);
            assertThat(frames).isLessThan(20);
        }
    }

    @Test
    void allOfItIsInTheFileAndTheFileStaysBounded() throws Exception {
        Path log = directory.resolve("log");
        try (var hub = new ConsoleHub(log)) {
            show(hub, "first line\n");
            byte[] much = new byte[1 << 20];
            for (int i = 0; i < 12; i++) {
                hub.output(much, 0, much.length);
            }
            show(hub, "last line\n");
        }
        assertThat(Files.size(log)).isLessThanOrEqualTo(4 << 20);
        assertThat(Files.size(directory.resolve("log.1"))).isBetween(3L << 20, 4L << 20);
        assertThat(Files.readString(log)).endsWith("last line\n");
    }
}
