package holdfast.nbd;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;

/// Buffers that connections have left behind, for the next ones: what a server holds is what its connections held at most at
/// any one time.
final class BufferStore {
    private final Map<Buffer.Size, Deque<Buffer>> idle = new EnumMap<>(Buffer.Size.class);

    synchronized Buffer take(Buffer.Size size) {
        Deque<Buffer> some = idle.get(size);
        return some == null || some.isEmpty() ? new Buffer(size) : some.pop();
    }

    synchronized void give(Buffer buffer) {
        idle.computeIfAbsent(buffer.size(), _ -> new ArrayDeque<>()).push(buffer);
    }
}
