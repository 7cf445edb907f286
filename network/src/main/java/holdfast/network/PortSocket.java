package holdfast.network;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// The connection of a machine in QEMU's framing: each frame after its length in four bytes, big-endian.
///
/// What waits to be sent is bounded by [#WAITING_BYTES_MAX], and what is read in one go by [#READ_BYTES], and by the time that it takes: a machine that is
/// slow loses frames of its own, and one that is quick gets no more turns than the others.
final class PortSocket implements Cable, AutoCloseable {
    /// An IP packet of 64 KiB and an Ethernet header with a VLAN tag.
    static final int FRAME_BYTES_MAX = 65_535 + 18;

    static final int WAITING_BYTES_MAX = 512 << 10;
    static final int READ_BYTES = 128 << 10;

    private static final int LENGTH_BYTES = 4;

    private final Posix posix;
    private final int socket;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment in = arena.allocate(READ_BYTES);
    private final MemorySegment out = arena.allocate(WAITING_BYTES_MAX);
    private int inEnd;
    private boolean behind;
    private int outStart;
    private int outEnd;

    /// @param socket connected, and this one's to close
    PortSocket(Posix posix, int socket) {
        this.posix = posix;
        this.socket = socket;
    }

    int descriptor() {
        return socket;
    }

    /// Whether something waits to be sent.
    boolean isWaiting() {
        return outStart < outEnd;
    }

    @Override
    public boolean offer(MemorySegment frame, From from) {
        int bytes = LENGTH_BYTES + (int) frame.byteSize();
        int limit = from == From.MACHINE ? WAITING_BYTES_MAX / 2 : WAITING_BYTES_MAX;
        int waiting = outEnd - outStart;
        if (waiting + bytes > limit) {
            return false;
        }
        if (outEnd + bytes > WAITING_BYTES_MAX) {
            MemorySegment.copy(out, outStart, out, 0, waiting);
            outStart = 0;
            outEnd = waiting;
        }
        Layout.put32(out, outEnd, bytes - LENGTH_BYTES);
        MemorySegment.copy(frame, 0, out, (long) outEnd + LENGTH_BYTES, frame.byteSize());
        outEnd += bytes;
        return true;
    }

    /// Sends what can be sent now.
    ///
    /// @throws IOException when the machine has gone
    void flush() throws IOException {
        while (outStart < outEnd) {
            long sent = posix.send(socket, out.asSlice(outStart, outEnd - outStart));
            if (sent == Posix.WOULD_BLOCK) {
                return;
            }
            outStart += (int) sent;
        }
        outStart = 0;
        outEnd = 0;
    }

    /// Whether whole frames are left that there was no time for.
    boolean isBehind() {
        return behind;
    }

    /// Reads once what has come, unless there is some left from before.
    ///
    /// @param frames is given each whole frame, whose bytes are this one's again when it returns
    /// @param goesOn asked before each frame but the first
    /// @throws IOException when the machine has gone, or sends what are no frames
    void receive(Consumer<MemorySegment> frames, BooleanSupplier goesOn) throws IOException {
        if (!behind) {
            long read = posix.receive(socket, in.asSlice(inEnd));
            if (read == 0) {
                throw new IOException("it has closed the connection");
            }
            inEnd += (int) Math.max(0, read);
        }
        behind = false;
        int at = 0;
        while (inEnd - at >= LENGTH_BYTES) {
            int length = Layout.i32(in, at);
            if (length < 0 || length > FRAME_BYTES_MAX) {
                throw new IOException("it sent a frame of " + Integer.toUnsignedString(length) + " bytes");
            }
            if (inEnd - at < LENGTH_BYTES + length) {
                break;
            }
            behind = at > 0 && !goesOn.getAsBoolean();
            if (behind) {
                break;
            }
            frames.accept(in.asSlice((long) at + LENGTH_BYTES, length));
            at += LENGTH_BYTES + length;
        }
        MemorySegment.copy(in, at, in, 0, inEnd - at);
        inEnd -= at;
    }

    @Override
    public void close() {
        posix.close(socket);
        arena.close();
    }
}
