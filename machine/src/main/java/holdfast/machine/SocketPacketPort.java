package holdfast.machine;

import holdfast.block.OperatorError;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A network over a unix stream socket in QEMU's framing: each frame is preceded by its length, four bytes, big-endian.
/// passt, QEMU (`-netdev stream`) and other machines speak it. This side connects.
///
/// When the peer goes away, it is connected to again, tried once a second until [#close]; meanwhile frames are dropped
/// both ways, as by a switch without power. The same happens when the peer sends what is no frame.
/// At most [#QUEUED_MAX] frames wait to be sent; more are dropped.
public final class SocketPacketPort implements PacketPort {
    static final int QUEUED_MAX = 256;
    private static final int LENGTH_BYTES = 4;
    private static final int FRAME_BYTES_MAX = VirtioNet.FRAME_BYTES_MAX;
    private static final long RETRY_MILLIS = 1000;
    private static final System.Logger LOG = System.getLogger(SocketPacketPort.class.getName());

    private final Path path;
    private final BlockingQueue<byte[]> outgoing = new ArrayBlockingQueue<>(QUEUED_MAX);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread reader;
    private final Thread writer;
    private volatile Consumer<byte[]> receiver = _ -> {};
    private volatile @Nullable SocketChannel channel;

    /// Connects to the socket.
    ///
    /// @throws OperatorError when nobody listens there
    public static SocketPacketPort connect(Path path) {
        try {
            return new SocketPacketPort(path, open(path));
        } catch (IOException | IllegalArgumentException e) {
            throw new OperatorError(
                    path.toString(),
                    "cannot connect to the network's socket (" + e.getMessage() + ")",
                    "start its peer first, for example: passt --foreground --socket " + path);
        }
    }

    private static SocketChannel open(Path path) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(path));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private SocketPacketPort(Path path, SocketChannel first) {
        this.path = path;
        this.channel = first;
        reader = Thread.ofVirtual().name("net-receive " + path).unstarted(() -> receiveAll(first));
        writer = Thread.ofVirtual().name("net-send " + path).unstarted(this::sendAll);
        reader.start();
        writer.start();
    }

    @Override
    public void send(byte[] frame) {
        boolean queued = connected() && outgoing.offer(frame.clone());
        if (!queued) {
            LOG.log(System.Logger.Level.TRACE, () -> path + ": a frame is dropped");
        }
    }

    @Override
    public void attach(Consumer<byte[]> to) {
        receiver = to;
    }

    /// Whether there is a peer now.
    public boolean connected() {
        return channel != null;
    }

    @Override
    public void close() {
        closing.countDown();
        drop(channel);
        writer.interrupt();
    }

    private boolean closed() {
        return closing.getCount() == 0;
    }

    // ---- sending

    private void sendAll() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(LENGTH_BYTES + FRAME_BYTES_MAX);
        while (!closed()) {
            try {
                byte[] frame = outgoing.take();
                buffer.clear().putInt(frame.length).put(frame).flip();
                write(buffer);
            } catch (InterruptedException _) {
                return; // closed
            }
        }
    }

    private void write(ByteBuffer buffer) {
        SocketChannel to = channel;
        try {
            while (to != null && buffer.hasRemaining()) {
                to.write(buffer);
            }
        } catch (IOException e) {
            drop(to); // the reader notices, and connects again
        }
    }

    // ---- receiving, connecting

    private void receiveAll(SocketChannel first) {
        @Nullable SocketChannel current = first;
        while (current != null && !closed()) {
            try {
                receive(current);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, () -> path + ": the network's peer is gone: " + e.getMessage());
            }
            channel = null;
            drop(current);
            outgoing.clear();
            current = again();
            channel = current;
        }
        drop(current);
    }

    private void receive(SocketChannel from) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(LENGTH_BYTES + FRAME_BYTES_MAX);
        while (true) {
            fill(from, buffer.clear().limit(LENGTH_BYTES));
            int length = buffer.getInt(0);
            if (length < 0 || length > FRAME_BYTES_MAX) {
                throw new IOException("it sent a frame of " + Integer.toUnsignedString(length) + " bytes");
            }
            fill(from, buffer.clear().limit(length));
            byte[] frame = new byte[length];
            buffer.flip().get(frame);
            receiver.accept(frame);
        }
    }

    private static void fill(SocketChannel from, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (from.read(buffer) < 0) {
                throw new EOFException("it has closed the connection");
            }
        }
    }

    /// @return null when this port was closed
    private @Nullable SocketChannel again() {
        while (true) {
            try {
                if (closing.await(RETRY_MILLIS, TimeUnit.MILLISECONDS)) {
                    return null;
                }
                return open(path);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.TRACE, () -> path + ": " + e.getMessage());
            } catch (InterruptedException _) {
                return null;
            }
        }
    }

    private static void drop(@Nullable SocketChannel gone) {
        try {
            if (gone != null) {
                gone.close();
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing a socket: " + e.getMessage());
        }
    }
}
