package holdfast.journal;

import holdfast.block.DiskException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// The last segment of a journal, which has no index, since it may be written to: a thread of its own scans it while the others are looked
/// at.
final class LastSegment implements AutoCloseable {
    /// What it has.
    ///
    /// @param index what an index of it would say; empty when that were too large
    record Scanned(SegmentSpan span, Optional<SegmentIndex> index) {}

    @FunctionalInterface
    interface Scan {
        Scanned run() throws DiskException;
    }

    private final CompletableFuture<Scanned> scanned = new CompletableFuture<>();

    LastSegment(Scan scan) {
        Thread.ofVirtual().name("last segment").start(() -> {
            try {
                scanned.complete(scan.run());
            } catch (DiskException | RuntimeException | Error e) {
                scanned.completeExceptionally(e);
            }
        });
    }

    /// Waits for it.
    ///
    /// @throws holdfast.block.OperatorError as the scan does
    Scanned await() throws DiskException {
        try {
            return scanned.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case DiskException failed -> throw failed;
                case RuntimeException failed -> throw failed;
                case null, default -> throw e;
            }
        }
    }

    /// Nothing of the segment is read any more.
    @Override
    public void close() {
        scanned.handle((_, _) -> true).join();
    }
}
