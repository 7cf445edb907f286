package holdfast.machine;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/// The other end of a [SocketPacketPort]: listens, and frames by hand.
final class SocketPeer implements AutoCloseable {
    private final Path path;
    private final ServerSocketChannel server;

    SocketPeer(Path path) throws IOException {
        this.path = path;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
    }

    SocketChannel accept() throws IOException {
        return server.accept();
    }

    static void send(SocketChannel to, byte[] frame) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).flip();
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    static byte[] receive(SocketChannel from) throws IOException {
        byte[] frame = new byte[fill(from, 4).getInt(0)];
        fill(from, frame.length).get(0, frame);
        return frame;
    }

    private static ByteBuffer fill(SocketChannel from, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            if (from.read(buffer) < 0) {
                throw new IOException("the port has closed the connection");
            }
        }
        return buffer;
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }
}
