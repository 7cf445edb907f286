package holdfast.fuzz;

import holdfast.block.Extent;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/// What a client may make of a server's replies, up to the first that is against the protocol, or to their end.
final class Understood {
    private static final int SIMPLE_MAGIC = 0x67446698;
    private static final int STRUCTURED_MAGIC = 0x668e33ef;
    private static final int EXTENDED_MAGIC = 0x6e8a278c;
    private static final int SIMPLE_BYTES = 12;
    private static final int STRUCTURED_BYTES = 16;
    private static final int EXTENDED_BYTES = 28;
    private static final long CHUNK_BYTES_MAX = 1L << 32;
    private static final int UNANSWERED = -1;
    private static final int ESHUTDOWN = 108;

    private static final class Nonsense extends Exception {
        Nonsense(String message) {
            super(message);
        }
    }

    /// What is known of one question.
    private static final class Answer {
        int error = UNANSWERED;
        int chunkError;
        final byte[] data;
        final BitSet come = new BitSet();
        final List<Extent> extents = new ArrayList<>();
        boolean status;

        Answer(Question question) {
            data = new byte[question.length];
        }
    }

    private final Asked.Replies mode;
    private final ByteBuffer in;
    private final Answer[] answers;
    private boolean nonsense;
    private boolean shutDown;

    private Understood(Replied.Mode mode, byte[] replies) {
        this.mode = mode.replies();
        in = ByteBuffer.wrap(replies);
        answers = new Answer[Question.sent(mode.blockStatus())];
        Arrays.setAll(answers, i -> new Answer(Question.values()[i]));
    }

    static Understood of(Replied.Mode mode, byte[] replies) {
        var understood = new Understood(mode, replies);
        try {
            understood.all();
        } catch (Nonsense against) {
            understood.nonsense = true;
        } catch (BufferUnderflowException end) {
            understood.nonsense = false;
        }
        return understood;
    }

    /// Whether something is against the protocol, so that nobody is asked again.
    boolean nonsense() {
        return nonsense;
    }

    /// Whether the server says that it is about to end: a client may leave it then, and need not hear the rest.
    boolean shutDown() {
        return shutDown;
    }

    boolean isAnswered(Question question) {
        return answers[question.ordinal()].error != UNANSWERED;
    }

    boolean succeeded(Question question) {
        return answers[question.ordinal()].error == 0;
    }

    byte[] data(Question question) {
        return answers[question.ordinal()].data;
    }

    /// None where there is no block status.
    List<Extent> extents() {
        return answers.length == Question.values().length ? answers[Question.BLOCK_STATUS.ordinal()].extents : List.of();
    }

    private static void must(boolean holds, String otherwise) throws Nonsense {
        if (!holds) {
            throw new Nonsense(otherwise);
        }
    }

    private void need(long bytes) {
        if (in.remaining() < bytes) {
            throw new BufferUnderflowException();
        }
    }

    private void skip(long bytes) {
        need(bytes);
        in.position(in.position() + (int) bytes);
    }

    private void all() throws Nonsense {
        while (in.hasRemaining()) {
            int magic = in.getInt();
            boolean extended = mode == Asked.Replies.EXTENDED;
            if (magic == SIMPLE_MAGIC && !extended) {
                simple();
            } else {
                must(magic == (extended ? EXTENDED_MAGIC : STRUCTURED_MAGIC) && mode != Asked.Replies.SIMPLE, "magic");
                need(extended ? EXTENDED_BYTES : STRUCTURED_BYTES);
                chunk(extended);
            }
        }
    }

    private Question question(long cookie) throws Nonsense {
        must(cookie >= 0 && cookie < answers.length && answers[(int) cookie].error == UNANSWERED, "cookie");
        return Question.values()[(int) cookie];
    }

    private void end(Answer answer, int error) {
        if (error == ESHUTDOWN) {
            shutDown = true;
        } else {
            answer.error = error;
        }
    }

    private void simple() throws Nonsense {
        need(SIMPLE_BYTES);
        int error = in.getInt();
        Question question = question(in.getLong());
        Answer answer = answers[question.ordinal()];
        if (error == 0 && question.reads()) {
            must(mode == Asked.Replies.SIMPLE, "a simple reply to a read");
            in.get(answer.data);
            answer.come.set(0, question.length);
        }
        must(error != 0 || question != Question.BLOCK_STATUS, "a simple reply");
        end(answer, error);
    }

    private void chunk(boolean extended) throws Nonsense {
        boolean last = (in.getShort() & 1) != 0;
        int type = in.getShort() & 0xffff;
        Question question = question(in.getLong());
        Answer answer = answers[question.ordinal()];
        long offset = extended ? in.getLong() : question.offset;
        long length = extended ? in.getLong() : Integer.toUnsignedLong(in.getInt());
        must(offset == question.offset && length >= 0 && length <= CHUNK_BYTES_MAX, "header");
        switch (type) {
            case 0 -> skip(length);
            case 1 -> {
                must(length >= Long.BYTES, "no data");
                need(Long.BYTES);
                long from = range(question, in.getLong(), length - Long.BYTES);
                in.get(answer.data, (int) from, (int) length - Long.BYTES);
            }
            case 2 -> {
                must(length >= Long.BYTES + Integer.BYTES, "no hole");
                need(Long.BYTES + Integer.BYTES);
                must(length == Long.BYTES + Integer.BYTES, "too much for a hole");
                long at = in.getLong();
                long bytes = Integer.toUnsignedLong(in.getInt());
                long from = range(question, at, bytes);
                Arrays.fill(answer.data, (int) from, (int) (from + bytes), (byte) 0);
            }
            case 5, 6 -> status(question, answer, type == 6, length);
            default -> {
                must(type >= 1 << 15 && length >= Integer.BYTES, "type");
                answer.chunkError = in.getInt();
                must(answer.chunkError != 0, "no error");
                skip(length - Integer.BYTES);
            }
        }
        if (last) {
            boolean all = !question.reads() || answer.come.cardinality() == question.length;
            must(answer.chunkError != 0 || all && (question != Question.BLOCK_STATUS || answer.status), "not all");
            end(answer, answer.chunkError);
        }
    }

    /// @return where it begins in the question's data
    private long range(Question question, long offset, long length) throws Nonsense {
        long from = offset - question.offset;
        must(question.reads() && from >= 0 && from <= question.length - length, "range");
        BitSet come = answers[question.ordinal()].come;
        must(come.get((int) from, (int) (from + length)).isEmpty(), "twice");
        come.set((int) from, (int) (from + length));
        return from;
    }

    private void status(Question question, Answer answer, boolean wide, long length) throws Nonsense {
        int head = wide ? 8 : 4;
        int entry = wide ? 16 : 8;
        must(wide == (mode == Asked.Replies.EXTENDED), "the other kind");
        must(question == Question.BLOCK_STATUS && !answer.status && length > head && (length - head) % entry == 0, "status");
        need(head);
        must(in.getInt() == Replied.CONTEXT_ID, "context");
        must(!wide || Integer.toUnsignedLong(in.getInt()) == (length - head) / entry, "count");
        long at = question.offset;
        long end = at + question.length;
        for (long left = length - head; left > 0; left -= entry) {
            need(entry);
            long bytes = wide ? in.getLong() : Integer.toUnsignedLong(in.getInt());
            long state = wide ? in.getLong() : in.getInt();
            long until = bytes < 0 || bytes > end - at ? end : at + bytes;
            if (until > at) {
                answer.extents.add(new Extent(at, until - at, (state & 3) != 3, (state & 2) != 0));
                at = until;
            }
        }
        must(!answer.extents.isEmpty(), "nothing");
        answer.status = true;
    }
}
