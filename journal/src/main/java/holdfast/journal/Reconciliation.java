package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Makes a volume what its journal says, after both were left in the midst of changes: each may then hold what the other has lost,
/// since the storage of both forgets what was not flushed. Where they may differ is known from the intents since the last
/// settlement, which were on stable storage before the volume was changed there. The journal is right: it has everything that a
/// flush has promised, and is the disk behind one of its entries.
///
/// It may be interrupted anywhere and done again.
final class Reconciliation {
    private static final int STEP_BYTES = 1 << 20;

    /// What an entry is about.
    private record Intent(long sequence, Intents.Range range) {}

    private final List<Intent> intents = new ArrayList<>();

    /// What was changed since both were settled.
    private final List<Intent> changes = new ArrayList<>();

    /// Looks at the next entry of the journal.
    void look(Entry entry, MemorySegment data) {
        if (entry.is(EntryKind.INTENT)) {
            intents.add(new Intent(entry.sequence(), new Intents.Range(entry.offset(), entry.length())));
        } else if (entry.is(EntryKind.SETTLED)) {
            settled(entry.sequence());
        } else if (entry.is(EntryKind.SETTLED_TO)) {
            settled(Entry.number(data));
        } else if (entry.isChange()) {
            changes.add(new Intent(entry.sequence(), new Intents.Range(entry.offset(), entry.length())));
        }
    }

    private void settled(long sequence) {
        intents.removeIf(intent -> intent.sequence <= sequence);
        changes.removeIf(change -> change.sequence <= sequence);
    }

    /// How much is compared.
    long bytes() {
        return intents.stream().mapToLong(intent -> intent.range.length()).sum();
    }

    /// @param past the disk behind the last entry
    /// @param own whether the volume has to have for itself what the journal has, and may not leave it to its base, which is to change
    /// @return bytes that were different
    long run(BlockDevice volume, BlockDevice past, boolean own) throws DiskException {
        long different = makeAlike(volume, past, intents.stream().map(Intent::range).distinct().toList());
        if (own) {
            makeOwn(volume, past);
        }
        new Blocking(volume).flush();
        return different;
    }

    /// Writes what was changed since the last settlement, whether it is different or not.
    private void makeOwn(BlockDevice volume, BlockDevice past) throws DiskException {
        var ranges = new Ranges();
        changes.forEach(change -> ranges.add(change.range.offset(), change.range.offset() + change.range.length()));
        write(volume, past, ranges.list());
    }

    /// Writes what another has of some ranges, whether it is different or not.
    static void write(BlockDevice volume, BlockDevice past, List<Intents.Range> ranges) throws DiskException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(stepBytes(ranges));
            for (Intents.Range range : ranges) {
                for (long at = 0; at < range.length(); at += STEP_BYTES) {
                    MemorySegment bytes = buffer.asSlice(0, Math.min(STEP_BYTES, range.length() - at));
                    new Blocking(past).read(range.offset() + at, bytes);
                    put(new Blocking(volume), range.offset() + at, bytes);
                }
            }
        }
    }

    /// Writes what is different.
    ///
    /// @return bytes that were
    static long makeAlike(BlockDevice disk, BlockDevice right, List<Intents.Range> ranges) throws DiskException {
        long different = 0;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment there = arena.allocate(stepBytes(ranges));
            MemorySegment wanted = arena.allocate(stepBytes(ranges));
            for (Intents.Range range : ranges) {
                for (long at = 0; at < range.length(); at += STEP_BYTES) {
                    long bytes = Math.min(STEP_BYTES, range.length() - at);
                    different += step(
                            new Blocking(disk), new Blocking(right), range.offset() + at, there.asSlice(0, bytes), wanted.asSlice(0, bytes));
                }
            }
        }
        return different;
    }

    /// The most that is read at once of any of them.
    private static long stepBytes(List<Intents.Range> ranges) {
        return ranges.stream().mapToLong(Intents.Range::length).reduce(0, (most, length) -> Math.min(STEP_BYTES, Math.max(most, length)));
    }

    private static long step(Blocking disk, Blocking right, long offset, MemorySegment there, MemorySegment wanted) throws DiskException {
        disk.read(offset, there);
        right.read(offset, wanted);
        int unit = disk.device().geometry().logicalBlockBytes();
        long different = 0;
        for (long at = 0; at < wanted.byteSize(); at += unit) {
            long from = at;
            while (at < wanted.byteSize() && MemorySegment.mismatch(there, at, at + unit, wanted, at, at + unit) >= 0) {
                at += unit;
            }
            if (at > from) {
                put(disk, offset + from, wanted.asSlice(from, at - from));
                different += at - from;
            }
        }
        return different;
    }

    /// Zeros take no room.
    private static void put(Blocking disk, long offset, MemorySegment bytes) throws DiskException {
        boolean zeros = bytes.get(ValueLayout.JAVA_BYTE, 0) == 0
                && MemorySegment.mismatch(bytes, 0, bytes.byteSize() - 1, bytes, 1, bytes.byteSize()) < 0;
        if (zeros) {
            disk.writeZeroes(offset, bytes.byteSize());
        } else {
            disk.write(offset, bytes);
        }
    }
}
