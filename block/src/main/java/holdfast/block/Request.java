package holdfast.block;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// One request to a [BlockDevice]. Offsets and lengths are bytes, multiples of the logical block; a length of zero is
/// allowed and does nothing.
public sealed interface Request {
    Completion completion();

    /// Fills `into` from `offset`.
    record Read(long offset, MemorySegment into, Completion completion) implements Request {}

    /// Writes `from` at `offset`; with `forceUnitAccess` it is durable when completed.
    record Write(long offset, MemorySegment from, boolean forceUnitAccess, Completion completion) implements Request {}

    /// Makes everything completed before it durable.
    record Flush(Completion completion) implements Request {}

    /// The content of the range is no longer needed: afterwards every byte reads as what this tenant last wrote there
    /// before, or as zero, and does not change again until written. Never as anybody else's data. A device that cannot
    /// give back space completes it with [IoStatus#OK] all the same.
    record Discard(long offset, long length, Completion completion) implements Request {}

    /// The range reads as zeros afterwards. `mayUnmap`: its space may be given back. `fastOnly`: complete with
    /// [IoStatus#UNSUPPORTED] rather than write zeros one by one.
    record WriteZeroes(
            long offset,
            long length,
            boolean mayUnmap,
            boolean fastOnly,
            boolean forceUnitAccess,
            Completion completion)
            implements Request {}

    /// Asks what is known of a range. `extents` receives runs in order and without gaps, from `offset` on, before the
    /// completion: at least one, and never past the end of the range. A device may stop early; ask again from there.
    record Extents(long offset, long length, Consumer<Extent> extents, Completion completion) implements Request {}

    /// Called exactly once, on any thread; must neither block nor throw.
    @FunctionalInterface
    interface Completion {
        void done(Request request, IoStatus status);
    }

    /// The same request with another completion: what a layer passes on.
    default Request completing(Completion other) {
        return switch (this) {
            case Read read -> new Read(read.offset, read.into, other);
            case Write write -> new Write(write.offset, write.from, write.forceUnitAccess, other);
            case Flush _ -> new Flush(other);
            case Discard discard -> new Discard(discard.offset, discard.length, other);
            case WriteZeroes zeroes ->
                new WriteZeroes(
                        zeroes.offset,
                        zeroes.length,
                        zeroes.mayUnmap,
                        zeroes.fastOnly,
                        zeroes.forceUnitAccess,
                        other);
            case Extents extents -> new Extents(extents.offset, extents.length, extents.extents, other);
        };
    }

    /// Ends this request.
    default void complete(IoStatus status) {
        completion().done(this, status);
    }
}
