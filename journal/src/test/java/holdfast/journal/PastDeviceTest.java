package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.ForwardingDevice;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.Request;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// What a past says of itself before it is read. What it reads as is looked at by the tests of all that writes journals.
class PastDeviceTest {
    private static final int BLOCK = 4096;
    private static final int BLOCKS = Sample.DISK_BYTES / BLOCK;

    private final MemorySegments segments = new MemorySegments(null);

    /// A disk with noise in the given blocks, the rest never written.
    private static BlockDevice base(int from, int to) throws DiskException {
        var base = new MemoryDevice(new ByteSize(Sample.DISK_BYTES));
        new Blocking(base).write((long) from * BLOCK, Noise.of(99).bytes((to - from) * BLOCK));
        return base;
    }

    /// As they are told, not joined.
    private static List<Extent> extents(PastDevice past) throws DiskException {
        var told = new ArrayList<Extent>();
        new Blocking(past).await(done -> new Request.Extents(0, Sample.DISK_BYTES, told::add, done));
        return told;
    }

    @Test
    void runsOfOneStateAreToldAsOne() throws Exception {
        try (Sample sample = Sample.begin(segments)) {
            for (int block = 0; block < BLOCKS; block += 2) {
                sample.write(block * BLOCK, Noise.of(block).bytes(BLOCK));
            }
            sample.zero(EntryKind.DISCARD, 4 * BLOCK, 2 * BLOCK);
            sample.zero(EntryKind.ZEROES, 6 * BLOCK, BLOCK);
            sample.writer().flush();
            try (PastDevice past = PastDevice.open(() -> base(0, BLOCKS), segments, sample.last())) {
                assertThat(extents(past)).containsExactly(
                        new Extent(0, 4 * BLOCK, true, false), new Extent(4 * BLOCK, 3 * BLOCK, true, true),
                        new Extent(7 * BLOCK, Sample.DISK_BYTES - 7 * BLOCK, true, false));
            }
        }
    }

    @Test
    void whatIsToldToBeZeroIs() throws Exception {
        var random = new Random(3);
        try (Sample sample = Sample.begin(segments)) {
            for (int i = 0; i < 300; i++) {
                sample.step(random);
                sample.writer().flush();
                long sequence = random.nextLong(sample.last() + 1);
                try (PastDevice past = PastDevice.open(() -> new MemoryDevice(new ByteSize(Sample.DISK_BYTES)), segments, sequence)) {
                    check(extents(past), sample.at(sequence));
                }
            }
        }
    }

    private static void check(List<Extent> told, byte[] content) {
        long at = 0;
        boolean zero = false;
        boolean allocated = false;
        for (Extent extent : told) {
            assertThat(extent.offset()).isEqualTo(at);
            assertThat(at > 0 && extent.readsZero() == zero && extent.allocated() == allocated).as("two of one state, at %d", at).isFalse();
            byte[] its = Arrays.copyOfRange(content, (int) at, (int) extent.end());
            assertThat(isZero(its)).as("zeros at %d", at).isEqualTo(extent.readsZero());
            at = extent.end();
            zero = extent.readsZero();
            allocated = extent.allocated();
        }
        assertThat(at).isEqualTo(content.length);
    }

    private static boolean isZero(byte[] bytes) {
        return Arrays.equals(bytes, new byte[bytes.length]);
    }

    /// A segment that says when it is asked for.
    private record Asked(BlockDevice below, Runnable whenAsked) implements ForwardingDevice {
        @Override
        public void willRead(long offset, long length) {
            assertThat(length - offset).isEqualTo(below.geometry().sizeBytes());
            whenAsked.run();
        }
    }

    /// Which segments a past asks for, by their place in the journal.
    private Set<Integer> asked(long sequence) throws DiskException {
        var asked = new TreeSet<Integer>();
        var opened = new int[1];
        var watched = new LookedAt(segments, segment -> {
            int number = opened[0]++;
            return new Asked(segment, () -> asked.add(number));
        });
        try (PastDevice past = PastDevice.open(() -> base(0, BLOCKS), watched, sequence)) {
            past.willRead(0, Sample.DISK_BYTES);
        }
        return asked;
    }

    @Test
    void segmentsThatMuchIsNeededOfAreAskedForAndNoOthers() throws Exception {
        try (Sample sample = Sample.begin(segments, Sample.ID, Sample.TINY)) {
            long all = write(sample, BLOCKS);
            while (segments.numbers().size() < 4) {
                write(sample, BLOCKS);
            }
            long last = write(sample, BLOCKS);

            assertThat(asked(all)).as("the first has no entries").containsExactly(1);
            assertThat(asked(1)).as("one block is all that is needed").isEmpty();
            assertThat(asked(last)).isNotEmpty().isSubsetOf(3, 4);
        }
    }

    /// @return sequence of the last entry
    private static long write(Sample sample, int blocks) throws DiskException {
        for (int block = 0; block < blocks; block++) {
            sample.write(block * BLOCK, Noise.of(block).bytes(BLOCK));
        }
        sample.writer().flush();
        return sample.last();
    }
}
