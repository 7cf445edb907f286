package holdfast.journal;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import java.util.SortedSet;
import java.util.function.UnaryOperator;

/// Segments as somebody sees them who looks on.
///
/// @param seen what he has of each
record LookedAt(MemorySegments segments, UnaryOperator<BlockDevice> seen) implements Segments {
    @Override
    public String name() {
        return segments.name();
    }

    @Override
    public String name(int number) {
        return segments.name(number);
    }

    @Override
    public SortedSet<Integer> numbers() {
        return segments.numbers();
    }

    @Override
    public BlockDevice open(int number, Access access) {
        throw new AssertionError("whoever looks on takes no locks");
    }

    @Override
    public BlockDevice peek(int number) {
        return seen.apply(segments.open(number, Access.READ_ONLY));
    }

    @Override
    public BlockDevice create(int number, byte[] beginning, long bytes) {
        throw new AssertionError("nor does he make anything");
    }

    @Override
    public void remove(int number) {
        throw new AssertionError("nor does he remove anything");
    }
}
