package holdfast.disk;

import holdfast.block.MapFlush;
import holdfast.block.ProvisionedLayer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Which blocks of a provisioned disk are here, and which of those are not the repository's any more. A block that is here stays
/// here, and one that was modified stays so.
///
/// In the file, a sector of 512 bytes holds 2000 blocks, and is written whole or not at all:
///
/// ```
///   0  4    CRC-32C of the rest
///   4  4    number of the sector, from 0
///   8  4    1: blocks of it that are here may have been modified without being noted below; 0: none has
///  12  250  a bit a block, bit n % 8 of byte n / 8: it is here
/// 262  250  the same: it has been modified
/// ```
///
/// A sector of zeros was never written: nothing of it is here. All numbers are little-endian.
///
/// That a block is here may be written down only when its content is durable, and that it was modified has to be before its content
/// changes. The second would be a flush for each block that has arrived and is written; so it is said of a whole sector, its *intent*, once
/// in each open. Closed in order, a disk has no intents; after a crash, whatever is here of a sector with one counts as modified.
///
/// A sector is *dirty* from a change until that has been made durable.
final class PresenceMap implements MapFlush.Changes<PresenceMap.Sector> {
    static final int SECTOR_BYTES = ProvisionedLayer.SECTOR_BYTES;
    static final int SECTOR_BLOCKS = ProvisionedLayer.SECTOR_BLOCKS;
    private static final int BITS_BYTES = SECTOR_BLOCKS / Byte.SIZE;
    private static final int FLAGS_OFFSET = 8;
    private static final int HERE_OFFSET = 12;
    private static final int MODIFIED_OFFSET = HERE_OFFSET + BITS_BYTES;

    private final long blockCount;
    private final @Nullable Bits[] sectors;
    private final BitSet dirty = new BitSet();
    private final BitSet onItsWay = new BitSet();
    private final BitSet intended = new BitSet();
    private final BitSet intendedOnItsWay = new BitSet();
    private final BitSet intendedDurably = new BitSet();
    private long absent;
    private long modified;
    private volatile boolean complete;

    /// What is known of a block.
    enum State {
        ABSENT,
        /// It is here, and as the repository has it.
        ARRIVED,
        /// It is here, and this disk's own.
        MODIFIED
    }

    /// A sector as it was when it was taken.
    record Sector(int index, byte[] bytes) {}

    /// Blocks in the same state, up to before `end`.
    record Run(State state, long end) {}

    /// A sector in memory.
    private static final class Bits {
        final byte[] here = new byte[BITS_BYTES];
        final byte[] modified = new byte[BITS_BYTES];
        int hereCount;
        int modifiedCount;

        private static boolean get(byte[] bits, int block) {
            return (bits[block / Byte.SIZE] & 1 << block % Byte.SIZE) != 0;
        }

        private static void set(byte[] bits, int block) {
            bits[block / Byte.SIZE] |= (byte) (1 << block % Byte.SIZE);
        }

        State state(int block) {
            return get(modified, block) ? State.MODIFIED : get(here, block) ? State.ARRIVED : State.ABSENT;
        }

        void count() {
            hereCount = BitSet.valueOf(here).cardinality();
            modifiedCount = BitSet.valueOf(modified).cardinality();
        }
    }

    /// @param blockCount how many blocks the disk has
    PresenceMap(long blockCount) {
        this.blockCount = blockCount;
        sectors = new Bits[Math.toIntExact(Math.ceilDiv(blockCount, SECTOR_BLOCKS))];
        absent = blockCount;
    }

    int sectorCount() {
        return sectors.length;
    }

    /// What is wrong with a sector of the file, if anything is.
    Optional<String> complaint(int index, byte[] bytes) {
        var sector = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (isZero(bytes)) {
            return Optional.empty();
        }
        if (sector.getInt() != crc(bytes) || sector.getInt() != index) {
            return Optional.of("sector " + index + " of its map is damaged");
        }
        return isSound(index, bits(bytes)) ? Optional.empty() : Optional.of("sector " + index + " of its map makes no sense");
    }

    /// What a sector of the file says, whatever its intent.
    private static Bits bits(byte[] bytes) {
        var bits = new Bits();
        ByteBuffer.wrap(bytes).position(HERE_OFFSET).get(bits.here).get(bits.modified);
        return bits;
    }

    /// Puts in what was read from the file.
    ///
    /// @return what is wrong with it
    synchronized Optional<String> load(int index, byte[] bytes) {
        Optional<String> complaint = complaint(index, bytes);
        if (complaint.isPresent() || isZero(bytes)) {
            return complaint;
        }
        Bits bits = bits(bytes);
        if (ByteBuffer.wrap(bytes).getInt(FLAGS_OFFSET) != 0) {
            System.arraycopy(bits.here, 0, bits.modified, 0, BITS_BYTES);
            intended.set(index);
            intendedDurably.set(index);
        }
        bits.count();
        sectors[index] = bits;
        absent -= bits.hereCount;
        modified += bits.modifiedCount;
        complete = absent == 0;
        return Optional.empty();
    }

    /// A checksum proves that somebody wrote it so, not that it makes sense.
    private boolean isSound(int index, Bits bits) {
        for (int i = 0; i < BITS_BYTES; i++) {
            if ((bits.modified[i] & ~bits.here[i]) != 0) {
                return false;
            }
        }
        return BitSet.valueOf(bits.here).length() <= blocksIn(index);
    }

    /// Knows of nothing any more, as before the first [#load].
    synchronized void forget() {
        Arrays.fill(sectors, null);
        for (BitSet set : List.of(dirty, onItsWay, intended, intendedOnItsWay, intendedDurably)) {
            set.clear();
        }
        absent = blockCount;
        modified = 0;
        complete = false;
    }

    private static boolean isZero(byte[] bytes) {
        for (byte each : bytes) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }

    private int blocksIn(int index) {
        return (int) Math.min(SECTOR_BLOCKS, blockCount - (long) index * SECTOR_BLOCKS);
    }

    /// How many blocks are not here.
    synchronized long absentCount() {
        return absent;
    }

    /// How many blocks of a range are not here.
    synchronized long absentCount(long first, long end) {
        long count = 0;
        for (long at = first; at < end; ) {
            Run run = run(at, end);
            count += run.state() == State.ABSENT ? run.end() - at : 0;
            at = run.end();
        }
        return count;
    }

    synchronized long modifiedCount() {
        return modified;
    }

    /// Whether all is here.
    boolean isComplete() {
        return complete;
    }

    private State state(long block) {
        Bits bits = sectors[(int) (block / SECTOR_BLOCKS)];
        return bits == null ? State.ABSENT : bits.state((int) (block % SECTOR_BLOCKS));
    }

    /// The run that begins at `first` and ends at `end` at the latest.
    synchronized Run run(long first, long end) {
        State state = state(first);
        long block = first + 1;
        while (block < end) {
            if (block % SECTOR_BLOCKS == 0 && isAll(state, (int) (block / SECTOR_BLOCKS))) {
                block += SECTOR_BLOCKS;
            } else if (state(block) == state) {
                block++;
            } else {
                break;
            }
        }
        return new Run(state, Math.min(block, end));
    }

    private boolean isAll(State state, int index) {
        Bits bits = sectors[index];
        int here = bits == null ? 0 : bits.hereCount;
        int own = bits == null ? 0 : bits.modifiedCount;
        return switch (state) {
            case ABSENT -> here == 0;
            case ARRIVED -> here == blocksIn(index) && own == 0;
            case MODIFIED -> own == blocksIn(index);
        };
    }

    /// The first absent block of a range, or its end.
    synchronized long firstAbsent(long first, long end) {
        long block = first;
        while (block < end && state(block) != State.ABSENT) {
            block = run(block, end).end();
        }
        return block;
    }

    /// The runs of a range one after the other; what was absent may be so no more.
    List<Run> runs(long first, long end) {
        var runs = new ArrayList<Run>();
        for (long at = first; at < end; at = runs.getLast().end()) {
            runs.add(run(at, end));
        }
        return runs;
    }

    /// Whether all of a range is here.
    boolean isHere(long first, long end) {
        return complete || firstAbsent(first, end) >= end;
    }

    /// Whether all of a range has been modified.
    synchronized boolean isModified(long first, long end) {
        return first >= end || run(first, end).equals(new Run(State.MODIFIED, end));
    }

    /// Whether what the map says of a range is durable.
    synchronized boolean isDurable(long first, long end) {
        if (first >= end || dirty.isEmpty() && onItsWay.isEmpty()) {
            return true;
        }
        int last = (int) ((end - 1) / SECTOR_BLOCKS);
        int from = (int) (first / SECTOR_BLOCKS);
        return !isSetIn(dirty, from, last) && !isSetIn(onItsWay, from, last);
    }

    private static boolean isSetIn(BitSet set, int first, int last) {
        int next = set.nextSetBit(first);
        return next >= 0 && next <= last;
    }

    /// From now on those of these blocks that were absent are here. Their content has been written.
    synchronized void arrive(long first, long end) {
        for (long block = first; block < end; block++) {
            Bits bits = bits(block);
            int within = (int) (block % SECTOR_BLOCKS);
            if (bits.state(within) == State.ABSENT) {
                Bits.set(bits.here, within);
                bits.hereCount++;
                absent--;
                dirty.set((int) (block / SECTOR_BLOCKS));
            }
        }
        complete = absent == 0;
    }

    /// From now on these blocks are here, and this disk's own. Their content has been written.
    synchronized void modify(long first, long end) {
        arrive(first, end);
        for (long block = first; block < end; block++) {
            Bits bits = bits(block);
            int within = (int) (block % SECTOR_BLOCKS);
            if (bits.state(within) == State.ARRIVED) {
                Bits.set(bits.modified, within);
                bits.modifiedCount++;
                modified++;
                dirty.set((int) (block / SECTOR_BLOCKS));
            }
        }
    }

    private Bits bits(long block) {
        if (block < 0 || block >= blockCount) {
            throw new IndexOutOfBoundsException(block + " of " + blockCount);
        }
        int index = (int) (block / SECTOR_BLOCKS);
        Bits bits = sectors[index];
        if (bits == null) {
            bits = new Bits();
            sectors[index] = bits;
        }
        return bits;
    }

    /// Notes that blocks of a range that have arrived are to be written.
    ///
    /// @return whether that has to be made durable before they are
    synchronized boolean intend(long first, long end) {
        boolean toBeFlushed = false;
        for (long at = first; at < end; ) {
            Run run = run(at, end);
            if (run.state() == State.ARRIVED) {
                for (int index = (int) (at / SECTOR_BLOCKS); index <= (run.end() - 1) / SECTOR_BLOCKS; index++) {
                    toBeFlushed |= intend(index);
                }
            }
            at = run.end();
        }
        return toBeFlushed;
    }

    private boolean intend(int index) {
        if (intendedDurably.get(index)) {
            return false;
        }
        intended.set(index);
        dirty.set(index);
        return true;
    }

    /// Takes back all intents; those of the sectors that are given back are to be written without.
    ///
    /// @return copies of the sectors, as of [#takeDirty]: nothing may be under way
    synchronized List<Sector> withdrawIntents() {
        dirty.or(intended);
        intended.clear();
        intendedDurably.clear();
        return takeDirty();
    }

    @Override
    public synchronized List<Sector> takeDirty() {
        var taken = new ArrayList<Sector>();
        for (int index = dirty.nextSetBit(0); index >= 0; index = dirty.nextSetBit(index + 1)) {
            Bits bits = sectors[index];
            if (bits != null) {
                taken.add(new Sector(index, encode(index, bits)));
                intendedOnItsWay.set(index, intended.get(index));
            }
        }
        onItsWay.or(dirty);
        dirty.clear();
        return taken;
    }

    private byte[] encode(int index, Bits bits) {
        var sector = ByteBuffer.allocate(SECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        sector.putInt(Integer.BYTES, index).putInt(FLAGS_OFFSET, intended.get(index) ? 1 : 0);
        sector.put(HERE_OFFSET, bits.here).put(MODIFIED_OFFSET, bits.modified);
        return sector.putInt(0, crc(sector.array())).array();
    }

    private static int crc(byte[] sector) {
        var crc = new CRC32C();
        crc.update(sector, Integer.BYTES, SECTOR_BYTES - Integer.BYTES);
        return (int) crc.getValue();
    }

    @Override
    public synchronized void taken() {
        intendedDurably.or(intendedOnItsWay);
        intendedOnItsWay.clear();
        onItsWay.clear();
    }

    @Override
    public synchronized void giveBack() {
        intendedOnItsWay.clear();
        dirty.or(onItsWay);
        onItsWay.clear();
    }
}
