package holdfast.nbd;

import holdfast.block.Alarm;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Serves disks to NBD clients of this machine.
///
/// ```
/// open ─→ serving ── drain ─→ no new clients, no new requests ─→ everybody served ── close ─→ closed
///            └──────────────────────────── close ─────────────────────────────────────↗
/// ```
///
/// At most [#CONNECTIONS_MAX] clients are connected at once; who comes then waits to be let in. A client that has not chosen
/// its export after [#HANDSHAKE_LIMIT] is cut off.
public final class NbdServer implements AutoCloseable {
    static final int CONNECTIONS_MAX = 128;
    static final Duration HANDSHAKE_LIMIT = Duration.ofMinutes(1);

    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final System.Logger LOG = System.getLogger(NbdServer.class.getName());

    private final Listener listener;
    private final Exports exports;
    private final @Nullable TlsIdentity tls;
    private final Alarm alarm;
    private final BufferStore store = new BufferStore();
    private final AtomicInteger number = new AtomicInteger();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition oneLess = lock.newCondition();
    private final List<Connection> connections = new ArrayList<>();
    private boolean closing;

    private NbdServer(Listener listener, Exports exports, @Nullable TlsIdentity tls, Alarm alarm) {
        this.listener = listener;
        this.exports = exports;
        this.tls = tls;
        this.alarm = alarm;
    }

    /// Begins to serve. The first export is also the default one, which has an empty name.
    ///
    /// @param exports the caller's, whose devices are to be closed after the server
    /// @throws holdfast.block.OperatorError when the address cannot be had
    public static NbdServer open(NbdAddress address, List<Export> exports) {
        return open(address, exports, null);
    }

    /// The same with TLS, without which no client gets anywhere.
    ///
    /// @param tls null for none
    /// @throws holdfast.block.OperatorError when the address cannot be had
    public static NbdServer open(NbdAddress address, List<Export> exports, @Nullable TlsIdentity tls) {
        return open(address, exports, tls, Alarm.wallClock());
    }

    static NbdServer open(NbdAddress address, List<Export> exports, @Nullable TlsIdentity tls, Alarm alarm) {
        var server = new NbdServer(Listener.open(address), new Exports(exports), tls, alarm);
        Thread.ofPlatform().daemon().name("nbd listener").start(server::listen);
        return server;
    }

    /// Where it listens, with the real number of a port.
    public NbdAddress address() {
        return listener.address();
    }

    /// The URI of the default export.
    public String uri() {
        String uri = address().uri();
        return tls == null ? uri : uri.replaceFirst("^nbd", "nbds");
    }

    private void listen() {
        while (awaitRoom()) {
            try {
                serve(listener.accept());
            } catch (IOException e) {
                if (listener.isOpen()) {
                    LOG.log(Level.WARNING, "a client could not be let in: " + e.getMessage());
                    awaitOneLess();
                }
            }
        }
    }

    /// @return false when the server is closing
    private boolean awaitRoom() {
        lock.lock();
        try {
            while (connections.size() >= CONNECTIONS_MAX && !closing) {
                oneLess.awaitUninterruptibly();
            }
            return !closing;
        } finally {
            lock.unlock();
        }
    }

    /// Until a client has gone, for what is missing may be a descriptor; [#RETRY] at most.
    private void awaitOneLess() {
        lock.lock();
        try {
            int before = connections.size();
            long left = RETRY.toNanos();
            while (!closing && connections.size() >= before && left > 0) {
                left = oneLess.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private void serve(Link link) {
        var connection = new Connection(exports, tls, link, store);
        lock.lock();
        try {
            connections.add(connection);
            if (closing) {
                connection.close();
            }
        } finally {
            lock.unlock();
        }
        alarm.after(HANDSHAKE_LIMIT, connection::closeUnlessNegotiated);
        Thread.ofPlatform().daemon().name("nbd #" + number.incrementAndGet()).start(() -> {
            try {
                connection.serve();
            } finally {
                gone(connection);
            }
        });
    }

    private void gone(Connection connection) {
        lock.lock();
        try {
            connections.remove(connection);
            oneLess.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// How many clients are connected.
    public int connections() {
        lock.lock();
        try {
            return connections.size();
        } finally {
            lock.unlock();
        }
    }

    /// Lets nobody and nothing more in, and waits until every request that was read is answered and every client is gone.
    ///
    /// @param deadlineNanos a time of [System#nanoTime]
    /// @return false when the deadline has passed first, or the thread was interrupted (its flag stays set)
    public boolean drain(long deadlineNanos) {
        lock.lock();
        try {
            closing = true;
            oneLess.signalAll();
            listener.close();
            connections.forEach(Connection::finish);
            while (!connections.isEmpty()) {
                long left = deadlineNanos - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                oneLess.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /// Cuts off who is connected, and waits for what their requests have begun at the devices. Call [#drain] first for a
    /// friendly end. A second call does nothing.
    @Override
    public void close() {
        lock.lock();
        try {
            closing = true;
            oneLess.signalAll();
            listener.close();
            connections.forEach(Connection::close);
            while (!connections.isEmpty()) {
                oneLess.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
