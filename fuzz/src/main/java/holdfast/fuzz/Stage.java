package holdfast.fuzz;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.nbd.Export;
import holdfast.nbd.NbdAddress;
import holdfast.nbd.NbdServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A server with two exports, `disk` and `read-only`, and a client that sends bytes to it.
final class Stage implements AutoCloseable {
    static final int DISK_BYTES = (2 << 20) + 512;

    private static final int RECEIVED_BYTES = 256 << 10;
    private static final long LEAVE_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Watched disk = new Watched(new ByteSize(DISK_BYTES), false);
    private final Watched readOnly = new Watched(new ByteSize(DISK_BYTES), true);
    private final Path socket;
    private final NbdServer server;
    private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVED_BYTES);

    Stage(Path directory) {
        socket = directory.resolve("socket");
        server = NbdServer.open(
                new NbdAddress.Unix(socket), List.of(new Export("disk", "a disk", disk), new Export("read-only", "", readOnly)));
    }

    /// Empties the disk, sends what a client has to say, and hears what the server says until it ends the connection, as it
    /// must when the client sends no more.
    byte[] converse(byte[] said) throws IOException {
        empty();
        var heard = new ByteArrayOutputStream();
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            Thread sender = Thread.ofPlatform().daemon().start(() -> send(channel, said));
            hear(channel, heard);
            join(sender);
        }
        awaitLeave();
        Faults.raise();
        return heard.toByteArray();
    }

    private void empty() {
        try {
            new Blocking(disk).writeZeroes(0, DISK_BYTES);
        } catch (DiskException e) {
            throw new AssertionError(e);
        }
    }

    private static void send(SocketChannel channel, byte[] said) {
        try {
            channel.write(ByteBuffer.wrap(said));
            channel.shutdownOutput();
        } catch (IOException cutOff) {
            // The server has heard enough; what it has said until then is what counts.
            return;
        }
    }

    private void hear(SocketChannel channel, ByteArrayOutputStream heard) {
        var bytes = new byte[RECEIVED_BYTES];
        try {
            while (channel.read(received.clear()) >= 0) {
                int count = received.flip().remaining();
                received.get(bytes, 0, count);
                heard.write(bytes, 0, count);
            }
        } catch (IOException reset) {
            // So it ends when the server goes away with bytes unread.
            return;
        }
    }

    private static void join(Thread sender) {
        try {
            sender.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// A fault of the server's is logged when the connection has ended already.
    private void awaitLeave() {
        long deadline = System.nanoTime() + LEAVE_LIMIT_NANOS;
        while (server.connections() > 0) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("the server does not let go of a client that has gone");
            }
            Thread.yield();
        }
    }

    /// What an export holds now.
    byte[] content(boolean ofReadOnly) {
        try {
            return (ofReadOnly ? readOnly : disk).content();
        } catch (DiskException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        server.close();
        disk.close();
        readOnly.close();
    }
}
