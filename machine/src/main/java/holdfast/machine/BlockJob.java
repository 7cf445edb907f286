package holdfast.machine;

import holdfast.block.Request;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A request of the guest that is under way on the host's disk. Everything under the device's lock, except that
/// [#cancelled] is also asked on the disk's threads.
final class BlockJob {
    private final int tag;
    private final int queue;
    private final Chain chain;
    private final BlockOperation operation;
    private final MemorySegment buffer;
    private boolean orphan;
    private boolean held;
    private @Nullable Request request;
    private volatile boolean cancelled;

    /// @param buffer what goes to or comes from the disk; empty for requests without data
    BlockJob(int tag, int queue, Chain chain, BlockOperation operation, MemorySegment buffer) {
        this.tag = tag;
        this.queue = queue;
        this.chain = chain;
        this.operation = operation;
        this.buffer = buffer;
    }

    int tag() {
        return tag;
    }

    int queue() {
        return queue;
    }

    Chain chain() {
        return chain;
    }

    BlockOperation operation() {
        return operation;
    }

    MemorySegment buffer() {
        return buffer;
    }

    /// Whether the driver has reset the queue or the device since: nothing of it reaches the guest.
    boolean orphan() {
        return orphan;
    }

    void disown() {
        orphan = true;
    }

    /// Whether it was stopped for a pause and waits to be issued again.
    boolean held() {
        return held;
    }

    void hold() {
        held = true;
    }

    void issued(Request to) {
        held = false;
        cancelled = false;
        request = to;
    }

    /// The request to cancel; null when the disk was given none.
    @Nullable Request cancel() {
        cancelled = true;
        return request;
    }

    /// Whether [#cancel] was called since it was issued.
    boolean cancelled() {
        return cancelled;
    }

    /// The data of a write is not saved: it is in guest memory, where a driver must leave it alone until completion.
    void save(StateWriter out) throws IOException {
        out.writeInt(tag);
        out.writeInt(queue);
        chain.save(out);
        operation.save(out);
    }
}
