package holdfast.fuzz;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Listens in place of an NBD server. What it says to whoever connects is up to an input.
final class Impostor implements AutoCloseable {
    private static final long SERVE_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    /// Serves one connection until it returns.
    @FunctionalInterface
    interface Role {
        /// @param number of the connection, from 0 for each input
        /// @throws IOException when the client has gone, which it may at any time
        void play(SocketChannel client, int number) throws IOException;
    }

    private final Path socket;
    private final ServerSocketChannel listener;
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger served = new AtomicInteger();
    private volatile @Nullable Role role;

    Impostor(Path directory) throws IOException {
        socket = directory.resolve("impostor");
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofPlatform().daemon().name("impostor").start(this::serve);
    }

    String uri(boolean tls) {
        return (tls ? "nbds" : "nbd") + "+unix:///disk?socket=" + socket;
    }

    /// Plays a role to a client, and comes back when both have ended.
    void play(Role newRole, Runnable client) {
        accepted.set(0);
        served.set(0);
        role = newRole;
        client.run();
        long deadline = System.nanoTime() + SERVE_LIMIT_NANOS;
        while (served.get() < accepted.get()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("the client does not let go of a server that it has done with");
            }
            Thread.yield();
        }
    }

    private void serve() {
        while (true) {
            try (SocketChannel client = listener.accept()) {
                int number = accepted.getAndIncrement();
                serve(client, number);
            } catch (IOException e) {
                if (!listener.isOpen()) {
                    return;
                }
                Faults.note("the impostor", e);
            } finally {
                served.incrementAndGet();
            }
        }
    }

    private void serve(SocketChannel client, int number) {
        Role now = role;
        try {
            if (now != null) {
                now.play(client, number);
            }
        } catch (IOException gone) {
            // The client has heard enough; what was said until then is what counts.
            return;
        } catch (RuntimeException e) {
            Faults.note("the impostor", e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
