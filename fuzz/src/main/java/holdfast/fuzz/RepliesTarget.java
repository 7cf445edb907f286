package holdfast.fuzz;

import holdfast.nbd.NbdDevice;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Replies to an NBD client's requests as its input says ([Replied]), after a sound handshake. Every request ends, once; it succeeds
/// when the server has said so and given all that goes with it, or when its successor has; and nothing is written but into the
/// memory of reads.
public final class RepliesTarget {
    private static final Duration SUCCESSOR_LIMIT = Duration.ofSeconds(5);
    private static final long DRAIN_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(8);

    private static @Nullable Impostor impostor;

    private RepliesTarget() {}

    public static void fuzzerInitialize() throws IOException {
        Faults.listen();
        impostor = new Impostor(Files.createTempDirectory("nbd"));
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        run(Objects.requireNonNull(impostor), input);
    }

    /// @return how many questions this server, not its successor, has answered well
    static int run(Impostor on, byte[] input) throws IOException {
        Replied replied = Replied.decode(input);
        byte[] replies = replied.encode();
        var interview = new Interview(replied.mode());
        on.play(
                (client, number) -> serve(replied.mode(), replies, client, number),
                () -> ask(on.uri(false), interview));
        Faults.raise();
        return interview.check(Understood.of(replied.mode(), replies));
    }

    private static void ask(String uri, Interview interview) {
        Duration limit = interview.mode().successor() ? SUCCESSOR_LIMIT : Duration.ZERO;
        try (NbdDevice disk = NbdDevice.open(uri, limit)) {
            interview.ask(disk);
            if (!disk.drain(System.nanoTime() + DRAIN_LIMIT_NANOS)) {
                Faults.raise();
                throw new AssertionError("requests that never end");
            }
        }
    }

    private static void serve(Replied.Mode mode, byte[] replies, SocketChannel client, int number) throws IOException {
        InputStream in = Channels.newInputStream(client);
        var server = new SoundServer(
                mode, new DataInputStream(in), new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(client))));
        server.shakeHands();
        if (number > 0) {
            server.serve();
            return;
        }
        server.hear(Question.sent(mode.blockStatus()));
        server.out().write(replies);
        server.out().flush();
        client.shutdownOutput();
        in.transferTo(OutputStream.nullOutputStream());
    }
}
