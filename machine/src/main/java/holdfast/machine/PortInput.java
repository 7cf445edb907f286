package holdfast.machine;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/// The host's way into a console port. It bounds what the guest has not taken yet: past [#ROOM_BYTES] a caller that may
/// wait does, until the guest takes some or closes the port.
final class PortInput implements ConsolePort.Input {
    static final int ROOM_BYTES = 64 << 10;
    private static final int PIECE_BYTES = 16 << 10;

    /// Kinds of events, the first byte of their payload, before the port's number and what is sent.
    static final byte EVENT_BYTES = 0;
    static final byte EVENT_OPEN = 1;
    static final byte EVENT_CLOSE = 2;
    static final int EVENT_HEADER_BYTES = 5;

    private final int port;
    private final EventGate.Input gate;
    private final BooleanSupplier mayWait;
    private long queuedBytes;
    private long closings;

    /// @param mayWait whether the calling thread may be made to wait for the guest
    PortInput(int port, EventGate.Input gate, BooleanSupplier mayWait) {
        this.port = port;
        this.gate = gate;
        this.mayWait = mayWait;
    }

    @Override
    public void input(byte[] bytes) throws InterruptedException {
        long began = closings();
        for (int from = 0; from < bytes.length; from += PIECE_BYTES) {
            byte[] piece = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + PIECE_BYTES));
            if (!reserve(piece.length, began)) {
                return;
            }
            gate.offer(event(EVENT_BYTES, piece));
        }
    }

    @Override
    public void hostOpen(boolean open) {
        gate.offer(event(open ? EVENT_OPEN : EVENT_CLOSE, new byte[0]));
    }

    private byte[] event(byte kind, byte[] more) {
        return ByteBuffer.allocate(EVENT_HEADER_BYTES + more.length)
                .put(kind)
                .putInt(port)
                .put(more)
                .array();
    }

    private synchronized long closings() {
        return closings;
    }

    /// @return false when the guest has closed the port since the caller began
    private synchronized boolean reserve(int bytes, long began) throws InterruptedException {
        while (queuedBytes + bytes > ROOM_BYTES && closings == began && mayWait.getAsBoolean()) {
            wait();
        }
        if (closings != began) {
            return false;
        }
        queuedBytes += bytes;
        return true;
    }

    /// The guest has taken bytes, or they were dropped.
    synchronized void release(int bytes) {
        queuedBytes = Math.max(0, queuedBytes - bytes);
        notifyAll();
    }

    /// The guest has closed the port: whoever waits to send gives up.
    synchronized void closed() {
        closings++;
        notifyAll();
    }
}
