package holdfast.journal;

import holdfast.block.DiskException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// Something that a thread of its own does, while who needs it does other things first.
final class Apart<T> implements AutoCloseable {
    @FunctionalInterface
    interface Work<T> {
        T run() throws DiskException;
    }

    private final CompletableFuture<T> result = new CompletableFuture<>();

    /// Begins it.
    ///
    /// @param name of the thread
    Apart(String name, Work<T> work) {
        Thread.ofVirtual().name(name).start(() -> {
            try {
                result.complete(work.run());
            } catch (DiskException | RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
    }

    /// Waits for what has come of it.
    ///
    /// @throws holdfast.block.OperatorError when the work has
    T await() throws DiskException {
        try {
            return result.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case DiskException failed -> throw failed;
                case RuntimeException failed -> throw failed;
                case null, default -> throw e;
            }
        }
    }

    /// Waits for its end, whatever has come of it.
    @Override
    public void close() {
        result.handle((_, _) -> true).join();
    }
}
