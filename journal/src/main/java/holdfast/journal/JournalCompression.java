package holdfast.journal;

import holdfast.block.DiskException;
import java.util.List;

/// Compresses all of a journal that is not written to any more, at once; nobody has its disk open for writing.
public final class JournalCompression {
    private JournalCompression() {}

    /// @param segments how many were compressed
    /// @param bytesBefore what the journal took
    /// @param bytes what it takes
    public record Result(int segments, long bytesBefore, long bytes) {}

    /// It may be interrupted anywhere, and done again.
    ///
    /// @throws holdfast.block.OperatorError when the journal is damaged, or cannot be written
    public static Result run(Segments segments) throws DiskException {
        Journal.End end;
        try (Journal journal = Journal.open(segments)) {
            end = journal.look((_, _, _) -> {});
        }
        int compressed = 0;
        long bytes = end.bytes();
        List<SegmentSpan> sealed = end.spans().subList(0, end.spans().size() - 1);
        for (SegmentSpan span : sealed) {
            if (!span.small()) {
                try (SegmentCompression.Made made = SegmentCompression.of(segments, span, _ -> {})) {
                    made.put();
                    bytes += made.span().bytes() - span.bytes();
                    compressed += made.span().isCompressed() ? 1 : 0;
                }
            }
        }
        return new Result(compressed, end.bytes(), bytes);
    }
}
