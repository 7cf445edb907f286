package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Stand-ins for calls of this module, each wrong in one way; [MutantsTest] puts them in place.
final class Broken {
    private Broken() {}

    /// A mark is found by its time: whatever has that time is before it.
    static long sequenceOf(Timeline timeline, Timeline.Mark mark) {
        return timeline.lastNotAfter(mark.time());
    }

    /// Whatever came later counts too.
    static boolean counts(Entry entry, long sequence) {
        return true;
    }

    /// Runs that another one covers stay.
    static void removeBefore(PastIndex.Leaf leaf, long from) {}

    /// Data is taken to be what was written.
    static boolean isWhole(Entry entry, MemorySegment data) {
        return true;
    }

    /// Any index is taken to be a segment's.
    static boolean isOf(ByteBuffer bytes, SegmentHeader segment, int headerCrc) {
        return true;
    }

    /// Something else is taken for what was there before.
    static byte[] read(EntryReader entries, Journal.Place place, Entry entry) throws DiskException {
        var older = new byte[(int) entry.length()];
        entries.read(place, entry.offset(), MemorySegment.ofArray(older));
        older[0]++;
        return older;
    }

    /// The same when it is decoded.
    static byte[] older(EntryReader entries, Journal.Place place, EntryReader.Found found, int chain, EntryReader.Reading reading) {
        return new byte[(int) found.entry().length()];
    }

    /// Nothing is kept before its turn.
    static void keepWritten(Upkeep upkeep) {}

    /// What was to be flushed is not.
    static void flush(Blocking disk) {}

    /// Segments are taken to follow each other.
    static boolean follows(SegmentHeader before, SegmentHeader header) {
        return true;
    }

    /// Nothing proves damage.
    static boolean provesDurable(Journal journal, int segment, Window window, long position, long missing) {
        return false;
    }

    /// What was read before is taken for what is there.
    static void forget(Window window) {}

    /// Nothing is put right.
    static long run(Reconciliation reconciliation, BlockDevice volume, BlockDevice past, boolean own) {
        return 0;
    }

    /// A change goes to its region whether its intent is on stable storage or not.
    static void awaitIntents(JournaledDevice disk, long offset, long length, int generation) {}

    /// The intents of an open are not written.
    static List<Intents.Range> note(Intents intents, long offset, long length) {
        return List.of();
    }

    /// Nothing is taken to be under way.
    static void awaitUpTo(ChangesUnderway changes, long sequence) {}

    /// A flush of the disk is one of its volume alone.
    static void flushJournal(JournaledDevice disk) {}

    /// Nobody is told that the disk is being changed.
    static void breakOpen(Seal seal) {}

    /// Everybody's turn has come.
    static boolean add(ChangesUnderway changes, ChangesUnderway.Change change) {
        return true;
    }

    /// The journal is taken to be the one that the disk was closed with.
    static void checkEnd(Seal seal, Journal.End end, Journal journal) {}

    /// The base is taken to be the journal's.
    static void checkBase(BlockDevice base, Journal journal, Journal.End end) {}

    /// Nothing is settled before the base is changed.
    static boolean settle(Roller roller) {
        return true;
    }

    /// Nobody is told what the base takes on.
    static void note(Roller roller, List<SegmentSpan> due) {}

    /// What the base takes on is not flushed.
    static void flush(RollingBase base) {}

    /// The volume leaves to its base what the base has now.
    static void makeOwn(Reconciliation reconciliation, BlockDevice volume, BlockDevice past) {}

    /// The volume goes on leaving to its base what reads right.
    static void write(BlockDevice volume, BlockDevice past, List<Intents.Range> ranges) {}

    /// Every point is taken to be known.
    static void checkKept(Journal.End end, long wanted, String name) {}

    /// No segment is missed.
    static void checkBeginning(Journal journal, Journal.End end) {}

    /// Nobody is told that the disk goes on without its journal.
    static void end(Seal seal) {}

    /// What waits is not looked for.
    static List<Intents.Range> unapplied(JournalFirstDevice disk, long offset, MemorySegment into) {
        return List.of(new Intents.Range(offset, into.byteSize()));
    }

    /// What was there first stays.
    static void put(NewestBytes newest, long from, long to, @Nullable MemorySegment memory, long position) {
        if (newest.in(from, to).isEmpty()) {
            newest.put(from, to, memory, position);
        }
    }

    /// What is applied is not flushed.
    static void flushVolume(Applier applier) {}

    /// What is applied may be lost by the journal.
    static void flushJournal(Applier applier) {}

    /// A flush promises nothing.
    static void flushJournal(JournalFirstDevice disk) {}

    /// What was found is left as it is.
    static long append(
            JournalWriter writer, EntryKind kind, long offset, long length, MemorySegment data, JournalWriter.@Nullable Written written) {
        return 0;
    }
}
