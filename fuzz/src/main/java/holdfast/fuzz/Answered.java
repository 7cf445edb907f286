package holdfast.fuzz;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// What a server has answered to [Asked]: every reply is one that the protocol has, goes with a request, and is the only one to
/// it. A request that never got there whole is not answered.
final class Answered {
    private static final long OPTION_REPLY = 0x0003e889045565a9L;
    private static final int GREETING_BYTES = 18;
    private static final int SIMPLE_MAGIC = 0x67446698;
    private static final int STRUCTURED_MAGIC = 0x668e33ef;
    private static final int EXTENDED_MAGIC = 0x6e8a278c;
    private static final int DONE = 1;
    private static final int NONE = 0;
    private static final int DATA = 1;
    private static final int BLOCK_STATUS = 5;
    private static final int BLOCK_STATUS_EXT = 6;
    private static final int ERROR = 1 << 15;

    /// @param data of a read that has succeeded
    private static final class Outcome {
        boolean ended;
        int error;
        long bytes;
        byte[] data = {};
    }

    private final Asked asked;
    private final ByteBuffer heard;
    private final Outcome[] outcomes;

    private Answered(Asked asked, byte[] heard) {
        this.asked = asked;
        this.heard = ByteBuffer.wrap(heard);
        outcomes = new Outcome[asked.requests().size()];
        Arrays.setAll(outcomes, _ -> new Outcome());
    }

    /// @param content what the disk holds in the end
    /// @return how many requests have succeeded
    static int check(Asked asked, byte[] heard, byte[] content) {
        var answered = new Answered(asked, heard);
        try {
            answered.parse();
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new AssertionError("a reply is cut short", e);
        }
        return answered.compare(content);
    }

    private static void must(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    private void parse() {
        heard.position(GREETING_BYTES);
        while (heard.remaining() >= Long.BYTES && heard.getLong(heard.position()) == OPTION_REPLY) {
            heard.position(heard.position() + Long.BYTES + 2 * Integer.BYTES);
            skip(heard.getInt());
        }
        while (heard.hasRemaining()) {
            int magic = heard.getInt();
            if (asked.mode().replies() == Asked.Replies.EXTENDED) {
                must(magic == EXTENDED_MAGIC, "no extended reply begins with " + Integer.toHexString(magic));
                chunk(true);
            } else if (magic == SIMPLE_MAGIC) {
                simple();
            } else {
                must(magic == STRUCTURED_MAGIC, "no reply begins with " + Integer.toHexString(magic));
                must(asked.mode().replies() != Asked.Replies.SIMPLE, "a structured reply that was not agreed on");
                chunk(false);
            }
        }
        for (int i = 0; i < outcomes.length; i++) {
            must(outcomes[i].ended == asked.requests().get(i).whole(), "answered or not: " + asked.requests().get(i));
        }
    }

    private void skip(int bytes) {
        heard.position(heard.position() + bytes);
    }

    private int request(long cookie) {
        must(cookie >= 0 && cookie < outcomes.length, "a reply to nothing that was asked: " + cookie);
        must(!outcomes[(int) cookie].ended, "a second reply to " + asked.requests().get((int) cookie));
        return (int) cookie;
    }

    private void simple() {
        int error = heard.getInt();
        int number = request(heard.getLong());
        Outcome outcome = outcomes[number];
        Asked.One one = asked.requests().get(number);
        outcome.ended = true;
        outcome.error = error;
        if (error == 0 && one.type() == Asked.READ) {
            must(asked.mode().replies() == Asked.Replies.SIMPLE, "a simple reply to a read");
            take(outcome, one, one.offset(), (int) one.length());
        }
    }

    private void take(Outcome outcome, Asked.One one, long offset, int length) {
        must(offset >= one.offset() && offset + length <= one.offset() + one.length(), "data that nobody asked for");
        if (outcome.data.length == 0) {
            outcome.data = new byte[(int) one.length()];
        }
        heard.get(outcome.data, (int) (offset - one.offset()), length);
        outcome.bytes += length;
    }

    private void chunk(boolean extended) {
        int flags = heard.getShort();
        int type = heard.getShort() & 0xffff;
        int number = request(heard.getLong());
        Outcome outcome = outcomes[number];
        Asked.One one = asked.requests().get(number);
        must(!extended || heard.getLong() == one.offset(), "another offset than that of " + one);
        int length = extended ? Math.toIntExact(heard.getLong()) : heard.getInt();
        must(length >= 0 && length <= heard.remaining(), "a chunk of " + length + " bytes");
        outcome.ended = (flags & DONE) != 0;
        if ((type & ERROR) != 0) {
            outcome.error = heard.getInt(heard.position());
            must(outcome.error != 0, "an error that is none");
            skip(length);
        } else if (type == DATA) {
            must(one.type() == Asked.READ, "data to " + one);
            take(outcome, one, heard.getLong(), length - Long.BYTES);
        } else if (type == (extended ? BLOCK_STATUS_EXT : BLOCK_STATUS)) {
            boolean whole = extended ? length % 16 == 8 && length > 8 : length % 8 == 4 && length > 4;
            must(one.type() == Asked.BLOCK_STATUS && whole, "block status to " + one);
            skip(length);
        } else {
            must(type == NONE && length == 0, "a chunk of type " + type);
        }
    }

    /// The disk does one after the other, so the answers are those of an array.
    private int compare(byte[] content) {
        var model = new byte[content.length];
        int succeeded = 0;
        for (int i = 0; i < outcomes.length; i++) {
            Asked.One one = asked.requests().get(i);
            int from = Math.clamp(one.offset(), 0, content.length);
            int to = Math.clamp(from + one.length(), from, content.length);
            if (!outcomes[i].ended && one.type() == Asked.WRITE) {
                // A write that was cut off may have been done in part.
                System.arraycopy(content, from, model, from, to - from);
            }
            if (!outcomes[i].ended || outcomes[i].error != 0) {
                continue;
            }
            succeeded++;
            switch (one.type()) {
                case Asked.READ -> must(
                        outcomes[i].bytes == one.length()
                                && Arrays.equals(outcomes[i].data, 0, to - from, model, from, to),
                        "other bytes than are there: " + one);
                case Asked.WRITE -> System.arraycopy(one.payload(), 0, model, from, to - from);
                case Asked.TRIM, Asked.WRITE_ZEROES -> Arrays.fill(model, from, to, (byte) 0);
                default -> {}
            }
        }
        must(Arrays.equals(model, content), "the disk holds something else than was answered");
        return succeeded;
    }
}
