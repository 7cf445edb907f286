package holdfast.network;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;

/// A network of machines: a switch and its way out, on a thread of its own. For any thread.
public final class Network implements AutoCloseable {
    private static final int ORDERS_MAX = 16;

    private final BlockingQueue<Consumer<NetworkLoop>> orders = new ArrayBlockingQueue<>(ORDERS_MAX);
    private final CompletableFuture<Integer> begun = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile boolean closing;

    private Network(NetworkSettings settings) {
        Thread.ofPlatform().name("network").start(() -> live(settings));
    }

    /// Begins one, without machines yet. Where libslirp cannot be loaded, it has no way out.
    public static Network open(NetworkSettings settings) throws IOException, InterruptedException {
        var network = new Network(settings);
        try {
            network.begun.get();
            return network;
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e);
        }
    }

    /// Whether this machine has libslirp installed.
    public static boolean hasLibrary() {
        return SlirpLibrary.load(List.of()).isPresent();
    }

    private void live(NetworkSettings settings) {
        try {
            run(settings);
            ended.complete(null);
        } catch (IOException | RuntimeException | LinkageError e) {
            begun.completeExceptionally(e);
            ended.completeExceptionally(e);
        }
    }

    /// Whoever waits for the end finds the sockets gone: the loop is closed when this returns.
    private void run(NetworkSettings settings) throws IOException {
        try (var loop = new NetworkLoop(settings)) {
            begun.complete(loop.alarm());
            while (!closing) {
                loop.turn();
                for (Consumer<NetworkLoop> order = orders.poll(); order != null; order = orders.poll()) {
                    order.accept(loop);
                }
            }
        }
    }

    /// Has it done between two turns.
    private <T> T ask(Function<NetworkLoop, T> question) throws IOException, InterruptedException {
        var answer = new CompletableFuture<T>();
        orders.put(loop -> {
            try {
                answer.complete(question.apply(loop));
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        try {
            wake();
            CompletableFuture.anyOf(answer, ended).get();
            if (!answer.isDone()) {
                throw new IOException("the network has ended");
            }
            return answer.get();
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e);
        }
    }

    /// One that has ended has closed what it would be woken by.
    private void wake() {
        if (!ended.isDone()) {
            Posix.wake(begun.join());
        }
    }

    /// From now on these are its machines, and these its forwards; what is as it was is not disturbed.
    ///
    /// @return the forwards whose port of the host cannot be had
    public List<Forward> configure(List<Seat> seats, List<Forward> forwards) throws IOException, InterruptedException {
        return ask(loop -> loop.configure(seats, forwards));
    }

    public NetworkStatus status() throws IOException, InterruptedException {
        return ask(NetworkLoop::status);
    }

    /// Waits for its end.
    ///
    /// @throws IOException when something went wrong
    public void awaitEnd() throws IOException, InterruptedException {
        try {
            ended.get();
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e);
        }
    }

    /// Ends it: connections are closed, and sockets and forwards are gone when this returns.
    @Override
    public void close() {
        closing = true;
        wake();
        var _ = ended.handle((_, _) -> true).join();
    }
}
