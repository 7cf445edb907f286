package holdfast.machine;

import holdfast.block.OperatorError;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A network over a unix stream socket in QEMU's framing: each frame is preceded by its length, four bytes, big-endian.
/// passt, QEMU (`-netdev stream`) and other machines speak it. This side connects, or listens for one peer at a time.
///
/// When the peer goes away, it is connected to again, tried once a second until [#close], or the next one is waited for;
/// meanwhile frames are dropped both ways, as by a switch without power. The same happens when the peer sends what is no
/// frame.
/// At most [#QUEUED_MAX] frames wait to be sent; more are dropped.
public final class SocketPacketPort implements PacketPort {
    static final int QUEUED_MAX = 256;
    private static final int LENGTH_BYTES = 4;
    private static final int FRAME_BYTES_MAX = VirtioNet.FRAME_BYTES_MAX;
    /// As many small frames as wait go in one call, and come in one; the largest has room in it.
    private static final int BUFFER_BYTES = 4 * (LENGTH_BYTES + FRAME_BYTES_MAX);
    private static final long RETRY_MILLIS = 1000;
    private static final System.Logger LOG = System.getLogger(SocketPacketPort.class.getName());

    private final Path path;
    private final boolean largePackets;
    private final @Nullable ServerSocketChannel server;
    private final BlockingQueue<byte[]> outgoing = new ArrayBlockingQueue<>(QUEUED_MAX);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread reader;
    private final Thread writer;
    private volatile Consumer<List<byte[]>> receiver = _ -> {};
    private volatile @Nullable SocketChannel channel;

    /// Connects to the socket.
    ///
    /// @throws OperatorError when nobody listens there
    public static SocketPacketPort connect(Path path) {
        try {
            return new SocketPacketPort(path, false, null, open(path));
        } catch (IOException | IllegalArgumentException e) {
            throw new OperatorError(
                    path.toString(),
                    "cannot connect to the network's socket (" + e.getMessage() + ")",
                    "start its peer first, for example: passt --foreground --socket " + path);
        }
    }

    /// Listens at the socket, which must not be there yet, or be one that nobody listens at any more. Peers may come later.
    ///
    /// @throws OperatorError when the socket cannot be made
    public static SocketPacketPort listen(Path path) {
        return listen(path, false);
    }

    /// The same.
    ///
    /// @param largePackets whether the peers take them, see [#takesLargePackets]
    public static SocketPacketPort listen(Path path, boolean largePackets) {
        try {
            removeAbandoned(path);
            return new SocketPacketPort(path, largePackets, bind(path), null);
        } catch (IOException | IllegalArgumentException e) {
            throw new OperatorError(
                    path.toString(),
                    "cannot listen at the network's socket (" + e.getMessage() + ")",
                    "name a path where there is no file, in a directory that can be written");
        }
    }

    private static void removeAbandoned(Path path) throws IOException {
        boolean socket = Files.exists(path) && Files.readAttributes(path, BasicFileAttributes.class).isOther();
        if (!socket) {
            return;
        }
        try (SocketChannel _ = open(path)) {
            throw new OperatorError(path.toString(), "another program listens here", "name another socket, or connect to this one");
        } catch (ConnectException nobody) {
            LOG.log(System.Logger.Level.DEBUG, () -> path + ": nobody listens any more: " + nobody.getMessage());
            Files.deleteIfExists(path);
        }
    }

    private static ServerSocketChannel bind(Path path) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            return server.bind(UnixDomainSocketAddress.of(path));
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
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

    /// @param server where peers come; null when this side connects
    /// @param first the first connection, when there is one already
    private SocketPacketPort(Path path, boolean largePackets, @Nullable ServerSocketChannel server, @Nullable SocketChannel first) {
        this.path = path;
        this.largePackets = largePackets;
        this.server = server;
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
    public boolean takesLargePackets() {
        return largePackets;
    }

    @Override
    public void attach(Consumer<List<byte[]>> to) {
        receiver = to;
    }

    /// Whether there is a peer now.
    public boolean connected() {
        return channel != null;
    }

    @Override
    public void close() {
        closing.countDown();
        if (server != null && server.isOpen()) {
            drop(server);
            remove(path);
        }
        drop(channel);
        writer.interrupt();
    }

    private static void remove(Path socket) {
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "removing a socket: " + e.getMessage());
        }
    }

    private boolean closed() {
        return closing.getCount() == 0;
    }

    // ---- sending

    private void sendAll() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
        while (!closed()) {
            try {
                byte[] frame = outgoing.take();
                buffer.clear();
                while (frame != null) {
                    buffer.putInt(frame.length).put(frame);
                    frame = buffer.remaining() < LENGTH_BYTES + FRAME_BYTES_MAX ? null : outgoing.poll();
                }
                write(buffer.flip());
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

    private void receiveAll(@Nullable SocketChannel first) {
        @Nullable SocketChannel current = first == null ? next() : first;
        while (current != null && !closed()) {
            channel = current;
            try {
                receive(current);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, () -> path + ": the network's peer is gone: " + e.getMessage());
            }
            channel = null;
            drop(current);
            outgoing.clear();
            current = next();
        }
        drop(current);
    }

    private void receive(SocketChannel from) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
        while (from.read(buffer) >= 0) {
            buffer.flip();
            var frames = new ArrayList<byte[]>();
            while (hasFrame(buffer)) {
                byte[] frame = new byte[buffer.getInt()];
                buffer.get(frame);
                frames.add(frame);
            }
            receiver.accept(frames);
            buffer.compact();
        }
        throw new EOFException("it has closed the connection");
    }

    /// Whether the next frame is there, to its end.
    private static boolean hasFrame(ByteBuffer buffer) throws IOException {
        if (buffer.remaining() < LENGTH_BYTES) {
            return false;
        }
        int length = buffer.getInt(buffer.position());
        if (length < 0 || length > FRAME_BYTES_MAX) {
            throw new IOException("it sent a frame of " + Integer.toUnsignedString(length) + " bytes");
        }
        return buffer.remaining() >= LENGTH_BYTES + length;
    }

    /// The next connection, waited for.
    ///
    /// @return null when this port was closed
    private @Nullable SocketChannel next() {
        return server == null ? again() : accept(server);
    }

    private @Nullable SocketChannel accept(ServerSocketChannel from) {
        try {
            return from.accept();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> path + ": no peer comes any more: " + e.getMessage());
            return null;
        }
    }

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

    private static void drop(@Nullable Channel gone) {
        try {
            if (gone != null) {
                gone.close();
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing a socket: " + e.getMessage());
        }
    }
}
