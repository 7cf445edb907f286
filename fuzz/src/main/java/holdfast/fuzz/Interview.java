package holdfast.fuzz;

import holdfast.block.BlockDevice;
import holdfast.block.Extent;
import holdfast.block.IoStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// Every [Question] once, and what came of it.
final class Interview {
    /// Before and behind each question's memory; what its memory holds until something is read.
    private static final int GUARD_BYTES = 64;

    private static final byte UNTOUCHED = 0x33;

    private final Replied.Mode mode;
    private final MemorySegment[] memory = new MemorySegment[Question.values().length];
    private final List<List<IoStatus>> ends = new ArrayList<>();
    private final List<Extent> extents = new CopyOnWriteArrayList<>();

    Interview(Replied.Mode mode) {
        this.mode = mode;
        for (Question question : Question.values()) {
            memory[question.ordinal()] = Arena.ofAuto().allocate(GUARD_BYTES + question.length + GUARD_BYTES).fill(UNTOUCHED);
            ends.add(new CopyOnWriteArrayList<>());
        }
    }

    Replied.Mode mode() {
        return mode;
    }

    void ask(BlockDevice disk) {
        for (Question question : Question.values()) {
            MemorySegment own = memory[question.ordinal()].asSlice(GUARD_BYTES, question.length);
            List<IoStatus> end = ends.get(question.ordinal());
            disk.submit(question.request(own, extents::add, (_, status) -> end.add(status)));
        }
    }

    private static void must(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /// @param understood what may have come of it
    /// @return how many questions were answered well before any successor
    int check(Understood understood) {
        int well = 0;
        for (Question question : Question.values()) {
            List<IoStatus> end = ends.get(question.ordinal());
            must(end.size() == 1, question + " ends " + end.size() + " times");
            guards(question);
            if (question.ordinal() < Question.sent(mode.blockStatus())) {
                well += check(question, end.getFirst() == IoStatus.OK, understood) ? 1 : 0;
            }
        }
        return well;
    }

    private boolean check(Question question, boolean succeeded, Understood understood) {
        boolean bySuccessor = mode.successor() && !understood.nonsense() && !understood.isAnswered(question);
        if (!understood.shutDown()) {
            boolean should = understood.succeeded(question) || bySuccessor;
            must(succeeded == should, question + (should ? " fails" : " succeeds"));
        }
        if (!succeeded) {
            must(question != Question.BLOCK_STATUS || extents.isEmpty(), "extents of a question that has failed");
            return false;
        }
        // A client that has left may have asked the successor what this server had answered.
        boolean here = understood.succeeded(question) && holds(question, understood.data(question), understood.extents());
        must(here || mode.successor() && holds(question, content(question), whole()), question + " succeeds with something else");
        return here;
    }

    private static byte[] content(Question question) {
        var content = new byte[question.length];
        Arrays.fill(content, SoundServer.CONTENT);
        return content;
    }

    private static List<Extent> whole() {
        return List.of(new Extent(Question.BLOCK_STATUS.offset, Question.BLOCK_STATUS.length, true, false));
    }

    private boolean holds(Question question, byte[] data, List<Extent> known) {
        return !question.reads()
                ? question != Question.BLOCK_STATUS || extents.equals(known)
                : Arrays.equals(all(question), GUARD_BYTES, GUARD_BYTES + question.length, data, 0, question.length);
    }

    private byte[] all(Question question) {
        return memory[question.ordinal()].toArray(ValueLayout.JAVA_BYTE);
    }

    private void guards(Question question) {
        byte[] all = all(question);
        for (int i = 0; i < all.length; i++) {
            boolean own = i >= GUARD_BYTES && i < all.length - GUARD_BYTES;
            must(own && question.reads() || all[i] == UNTOUCHED, "memory of " + question + " is written that is none of a read");
        }
    }
}
