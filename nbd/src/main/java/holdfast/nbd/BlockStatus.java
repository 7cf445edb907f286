package holdfast.nbd;

import holdfast.block.Extent;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/// The extents of a range as `base:allocation` has them, gathered for one reply: neighbours of equal state joined, and
/// no more of them than fit.
final class BlockStatus implements Consumer<Extent> {
    /// The one metadata context there is, and the id we give it.
    static final String CONTEXT = "base:allocation";

    static final int CONTEXT_ID = 1;

    static final int EXTENTS_MAX = 4096;

    private final long[] lengths;
    private final int[] states;
    private int count;
    private boolean full;

    /// @param most extents, at least one
    BlockStatus(int most) {
        lengths = new long[Math.min(most, EXTENTS_MAX)];
        states = new int[lengths.length];
    }

    @Override
    public void accept(Extent extent) {
        int state = state(extent);
        if (full) {
            return;
        }
        if (count > 0 && states[count - 1] == state) {
            lengths[count - 1] += extent.length();
        } else if (count < lengths.length) {
            lengths[count] = extent.length();
            states[count++] = state;
        } else {
            full = true;
        }
    }

    /// What is not allocated and does not read as zeros is somebody's data below: no hole to a client.
    private static int state(Extent extent) {
        if (!extent.readsZero()) {
            return 0;
        }
        return extent.allocated() ? Protocol.STATE_ZERO : Protocol.STATE_ZERO | Protocol.STATE_HOLE;
    }

    /// Writes the reply: with 32 bits for lengths where the request had no more, else with 64.
    void reply(Buffer buffer, ClientRequest request, ReplyFormat format) {
        ByteBuffer reply = buffer.beginReply();
        if (format == ReplyFormat.EXTENDED) {
            int payloadBytes = 2 * Integer.BYTES + count * 2 * Long.BYTES;
            format.chunk(reply, true, Protocol.REPLY_TYPE_BLOCK_STATUS_EXT, request, payloadBytes);
            reply.putInt(CONTEXT_ID).putInt(count);
            for (int i = 0; i < count; i++) {
                reply.putLong(lengths[i]).putLong(states[i]);
            }
        } else {
            int payloadBytes = Integer.BYTES + count * 2 * Integer.BYTES;
            format.chunk(reply, true, Protocol.REPLY_TYPE_BLOCK_STATUS, request, payloadBytes);
            reply.putInt(CONTEXT_ID);
            for (int i = 0; i < count; i++) {
                reply.putInt((int) lengths[i]).putInt(states[i]);
            }
        }
        buffer.endReply();
    }
}
