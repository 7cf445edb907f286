package holdfast.host;

import holdfast.host.Frame.Channel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// Somebody who is shown a stream of the guest's, at his own pace: the guest does not wait for him. Who falls behind by more than
/// [#BYTES_MAX] is told so, and left.
final class Viewer {
    static final int BYTES_MAX = 8 << 20;

    private final Wire wire;
    private final Deque<Frame> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private boolean ended;

    Viewer(Wire wire) {
        this.wire = wire;
    }

    /// Takes a piece; does not block.
    ///
    /// @return false when he is left
    synchronized boolean show(Channel channel, byte[] bytes) {
        if (ended) {
            return false;
        }
        if (waitingBytes + bytes.length > BYTES_MAX) {
            waiting.clear();
            end(Channel.LOST, "too much was waiting to be read".getBytes(StandardCharsets.UTF_8));
            return false;
        }
        waiting.add(new Frame(channel, bytes));
        waitingBytes += bytes.length;
        notifyAll();
        return true;
    }

    /// The last piece; nothing is taken after it.
    synchronized void end(Channel channel, byte[] bytes) {
        if (!ended) {
            ended = true;
            waiting.add(new Frame(channel, bytes));
            notifyAll();
        }
    }

    /// Nobody looks any more.
    synchronized void leave() {
        ended = true;
        waiting.clear();
        notifyAll();
    }

    /// Sends what there is, until the end or until the connection breaks.
    void send() throws IOException {
        for (Frame frame = next(); frame != null; frame = next()) {
            wire.send(frame.channel(), frame.bytes(), 0, frame.bytes().length);
        }
    }

    private synchronized @Nullable Frame next() throws IOException {
        try {
            while (waiting.isEmpty() && !ended) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        Frame frame = waiting.poll();
        if (frame != null) {
            waitingBytes -= frame.bytes().length;
        }
        return frame;
    }
}
