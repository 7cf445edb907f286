package holdfast.nbd;

import java.io.IOException;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/// One client from its first byte to its last, on a thread of its own.
///
/// The thread is a platform thread: it makes the system calls of reads that the host has cached, and a virtual thread would wait
/// for its socket through a poller, which costs more than the request.
final class Connection {
    private static final System.Logger LOG = System.getLogger(Connection.class.getName());

    private final Exports exports;
    private final @Nullable TlsIdentity tls;

    /// The socket itself, under TLS or not.
    private final Link link;

    private final BufferStore store;
    private volatile boolean negotiated;

    Connection(Exports exports, @Nullable TlsIdentity tls, Link link, BufferStore store) {
        this.exports = exports;
        this.tls = tls;
        this.link = link;
        this.store = store;
    }

    /// Serves the client until it or the server ends it; every request that was read is answered, if anybody listens.
    void serve() {
        try (link) {
            var in = new Inbound(link);
            var handshake = new Handshake(exports, tls, link, in);
            Negotiated agreed = handshake.run();
            negotiated = true;
            if (agreed != null) {
                try (Link over = handshake.link()) {
                    transmit(agreed, over, in);
                } finally {
                    agreed.export().leave();
                }
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a connection has ended: " + e.getMessage());
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "a connection has ended through a fault of ours", e);
        }
    }

    private void transmit(Negotiated agreed, Link over, Inbound in) throws IOException {
        var replies = new Replies(over, new Buffers(store));
        in.beforeWaiting(replies::send);
        try {
            new Transmission(agreed, in, replies).run();
        } finally {
            replies.close();
        }
    }

    /// Lets no more requests in; those that are under way are answered.
    void finish() {
        link.endInput();
    }

    /// Cuts it off.
    void close() {
        link.close();
    }

    /// Cuts off a client that cannot make up its mind.
    void closeUnlessNegotiated() {
        if (!negotiated) {
            link.close();
        }
    }
}
