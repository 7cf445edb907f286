package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.ForwardingDevice;
import holdfast.block.MemoryDevice;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class TrailTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 64 * MIB;

    /// In KiB.
    private final BitSet left = new BitSet();

    private final BlockDevice memory = new MemoryDevice(new ByteSize(SIZE));
    private int told;

    private final BlockDevice segment = new ForwardingDevice() {
        @Override
        public BlockDevice below() {
            return memory;
        }

        @Override
        public void willNotRead(long offset, long length) {
            left.set((int) (offset >> 10), (int) (offset + length >> 10));
            told++;
        }
    };

    @Test
    void allThatWasWrittenIsLeftAndNothingElse() {
        var trail = new Trail();
        for (int end = 12 << 10; end < SIZE / 2; end += 12 << 10) {
            trail.leave(segment, end);
            assertThat(left.length() << 10).isLessThanOrEqualTo(end).isGreaterThan(end - 2 * MIB);
            assertThat(left.nextClearBit(0)).isEqualTo(left.length());
        }
        assertThat(told).isBetween(SIZE / 2 / MIB - 2, SIZE / 2 / MIB);
    }

    @Test
    void aSegmentThatHasEndedIsLeftWhollyAndTheNextFromItsBeginningOn() {
        var trail = new Trail();
        trail.leave(segment, SIZE);
        trail.end(segment);
        assertThat(left.nextClearBit(0)).isEqualTo(SIZE >> 10);
        left.clear();
        trail.leave(segment, 2 * MIB);
        assertThat(left.length() << 10).isEqualTo(2 * MIB);
    }
}
