package holdfast.host;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A connection of the control protocol between the daemon and a machine's process, either of which may be older.
///
/// ```
/// greeting of the process: [#VERSION], a string of DataOutput
/// question:                length, JSON of [Question]
/// answer:                  length, JSON of [Answer]; of WATCH one more whenever something has changed
/// of CONSOLE and EXEC, both ways, afterwards: (channel 1 byte, length, bytes)… as in [Frame]
/// ```
final class Wire implements AutoCloseable {
    static final String VERSION = "holdfast vm 1";

    private static final int MESSAGE_BYTES_MAX = 1 << 20;

    /// How long a process may take to greet: even on a busy host it does so within a second.
    private static final Duration GREETING_LIMIT = Duration.ofSeconds(10);

    /// There is a process, and it says nothing: it was stopped, or the host has no time for it.
    static final class Silence extends IOException {
        private static final long serialVersionUID = 1;

        Silence(Duration limit) {
            super("its process does not answer, for " + limit.toSeconds() + " s");
        }
    }

    private final SocketChannel socket;
    private final DataInputStream in;
    private final DataOutputStream out;

    private Wire(SocketChannel socket) {
        this.socket = socket;
        in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(socket)));
        out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(socket)));
    }

    /// The process's end: says who it is.
    static Wire accepted(SocketChannel socket) throws IOException {
        return accepted(socket, VERSION);
    }

    static Wire accepted(SocketChannel socket, String version) throws IOException {
        var wire = new Wire(socket);
        wire.out.writeUTF(version);
        wire.out.flush();
        return wire;
    }

    /// The daemon's end.
    ///
    /// @throws IOException when nobody is there, or somebody who speaks another version
    /// @throws Silence when there is somebody who says nothing
    static Wire connect(Path path) throws IOException {
        return connect(path, VERSION, GREETING_LIMIT);
    }

    static Wire connect(Path path, String wanted) throws IOException {
        return connect(path, wanted, GREETING_LIMIT);
    }

    /// @param limit how long the process may take to greet
    static Wire connect(Path path, String wanted, Duration limit) throws IOException {
        SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            awaitGreeting(socket, path, limit);
            var wire = new Wire(socket);
            String version = wire.in.readUTF();
            if (!version.equals(wanted)) {
                throw new IOException("it speaks '" + version + "', and this is '" + wanted + "'");
            }
            return wire;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /// Connects, and returns when there is something to be read.
    private static void awaitGreeting(SocketChannel socket, Path path, Duration limit) throws IOException {
        socket.configureBlocking(false);
        // Not at once: more wait for it already than it is to be asked by.
        boolean connected = socket.connect(UnixDomainSocketAddress.of(path));
        try (Selector selector = Selector.open()) {
            socket.register(selector, SelectionKey.OP_READ);
            if (!connected || selector.select(limit.toMillis()) == 0) {
                throw new Silence(limit);
            }
        }
        socket.configureBlocking(true);
    }

    synchronized void say(Object message) throws IOException {
        byte[] bytes = Json.bytes(message);
        out.writeInt(bytes.length);
        out.write(bytes);
        out.flush();
    }

    /// @throws EOFException when the other side has gone
    <T> T hear(Class<T> type) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > MESSAGE_BYTES_MAX) {
            throw new IOException("a message of " + length + " bytes");
        }
        return Json.read(new String(in.readNBytes(length), StandardCharsets.UTF_8), type);
    }

    synchronized void send(Frame.Channel channel, byte[] bytes, int offset, int length) throws IOException {
        out.writeByte(channel.ordinal());
        out.writeInt(length);
        out.write(bytes, offset, length);
        out.flush();
    }

    /// The next frame; null when the other side has gone.
    @Nullable Frame receive() throws IOException {
        int channel = in.read();
        if (channel < 0) {
            return null;
        }
        int length = in.readInt();
        if (channel >= Frame.Channel.values().length || length < 0 || length > Frame.BYTES_MAX) {
            throw new IOException("a frame that makes no sense");
        }
        byte[] bytes = in.readNBytes(length);
        return bytes.length < length ? null : new Frame(Frame.Channel.values()[channel], bytes);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
