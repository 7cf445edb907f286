package holdfast.nbd;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/// A unix or TCP socket, in blocking mode.
final class SocketLink implements Link {
    private static final System.Logger LOG = System.getLogger(SocketLink.class.getName());

    private final SocketChannel channel;

    SocketLink(SocketChannel channel) {
        this.channel = channel;
    }

    /// Replies are put together before they are written, so the kernel need not wait for more.
    static SocketLink of(SocketChannel channel) throws IOException {
        if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        return new SocketLink(channel);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        return channel.read(into);
    }

    @Override
    public void write(ByteBuffer[] buffers, int count) throws IOException {
        int first = 0;
        while (first < count) {
            if (first == count - 1) {
                channel.write(buffers[first]);
            } else {
                channel.write(buffers, first, count - first);
            }
            while (first < count && !buffers[first].hasRemaining()) {
                first++;
            }
        }
    }

    @Override
    public void endInput() {
        try {
            channel.shutdownInput();
        } catch (IOException gone) {
            LOG.log(Level.DEBUG, "the peer has gone already: " + gone.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "while closing a connection: " + e.getMessage());
        }
    }
}
