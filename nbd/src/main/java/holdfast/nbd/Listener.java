package holdfast.nbd;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/// A socket that clients connect to.
final class Listener implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Listener.class.getName());
    private static final int BACKLOG = 128;
    private static final int S_IFMT = 0xf000;
    private static final int S_IFSOCK = 0xc000;

    private final ServerSocketChannel channel;
    private final NbdAddress address;

    private Listener(ServerSocketChannel channel, NbdAddress address) {
        this.channel = channel;
        this.address = address;
    }

    /// @throws OperatorError when the address is in use or cannot be had
    static Listener open(NbdAddress address) {
        try {
            return switch (address) {
                case NbdAddress.Unix(Path path) -> unix(path);
                case NbdAddress.Port(int number) -> port(number);
            };
        } catch (IOException e) {
            throw refused(address, e);
        }
    }

    private static Listener unix(Path path) throws IOException {
        removeStale(path);
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(path), BACKLOG);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        return new Listener(channel, new NbdAddress.Unix(path));
    }

    /// A server that was killed has left its socket behind; nobody listens there any more. Anything else stays.
    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & S_IFMT) != S_IFSOCK) {
            throw new OperatorError(path.toString(), "is there already, and is no socket", "name another path");
        }
        try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            throw new OperatorError(path.toString(), "another program listens there", "end it, or name another path");
        } catch (java.net.ConnectException nobody) {
            Files.delete(path);
        }
    }

    private static Listener port(int number) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        try {
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), number), BACKLOG);
            return new Listener(channel, new NbdAddress.Port(((InetSocketAddress) channel.getLocalAddress()).getPort()));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static OperatorError refused(NbdAddress address, IOException e) {
        return switch (address) {
            case NbdAddress.Unix(Path path) ->
                new OperatorError(
                        path.toString(),
                        "no socket can be made there: " + e.getMessage(),
                        "name a path of at most 107 bytes in a directory that you may write to");
            case NbdAddress.Port(int number) ->
                new OperatorError("port " + number, "cannot be had: " + e.getMessage(), "choose another, or 0 for any");
        };
    }

    /// Where it really listens.
    NbdAddress address() {
        return address;
    }

    /// Waits for a client.
    ///
    /// @throws IOException when it was closed, or there is no descriptor to be had
    Link accept() throws IOException {
        return SocketLink.of(channel.accept());
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    /// Clients that come now are refused, and the socket is gone.
    @Override
    public void close() {
        boolean wasOpen = channel.isOpen();
        try {
            channel.close();
            if (wasOpen && address instanceof NbdAddress.Unix(Path path)) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "while closing " + address.uri() + ": " + e.getMessage());
        }
    }
}
