package holdfast.journal;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.OperatorError;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// A journal open for reading: segments one after the other, each a header ([SegmentHeader]) and then entries ([Entry]) in the
/// order of their sequence, without gaps.
///
/// **Where it ends.** Entries begin after the header, then each after the one before, or at the next multiple of 512. The first
/// that is not whole, or not the next in sequence, ends a segment. A segment is only begun when everything before it is on stable
/// storage, so all but the last have to reach up to the next one's first entry: if one does not, it is damaged. The last may end
/// anywhere: a power cut takes what was not flushed. But an entry behind the end that says that what is missing was on stable
/// storage proves damage. What lies behind the end of a segment is never an entry again: writers begin a new segment.
///
/// **While it is written.** What is there does not change, so it can be read meanwhile without a lock: the reader finds what there was
/// when it came to the end. What it takes for missing may have been written since, before that which proves that: so it looks again.
public final class Journal implements AutoCloseable {
    /// Entries that belong to one write begin at a multiple of this. Storage writes so much wholly or not at all.
    static final int UNIT_BYTES = 512;

    private final Segments segments;
    private final List<SegmentHeader> headers = new ArrayList<>();
    private final List<Integer> headerCrcs = new ArrayList<>();
    private final List<BlockDevice> devices = new ArrayList<>();

    /// Behind what is looked at; [Long#MAX_VALUE] for all.
    private final long stop;

    private Journal(Segments segments, long stop) {
        this.segments = segments;
        this.stop = stop;
    }

    /// Called with each entry, in order.
    @FunctionalInterface
    public interface Visitor {
        /// @param data of the entry, until this returns
        void entry(Place place, Entry entry, MemorySegment data) throws DiskException;
    }

    /// Where data is.
    ///
    /// @param segment index from 0
    /// @param position of its entry in that segment
    /// @param skip bytes of the entry's data before it
    record Place(int segment, long position, long skip) {
        /// A segment has 128 MiB at most (JournalWriter), in a journal made elsewhere perhaps more.
        private static final int POSITION_BITS = 40;

        /// Segment and position.
        long packed() {
            return (long) segment << POSITION_BITS | position;
        }

        static Place unpacked(long packed, long skip) {
            return new Place((int) (packed >> POSITION_BITS), packed & (1L << POSITION_BITS) - 1, skip);
        }
    }

    /// Where a journal ends.
    ///
    /// @param sequence of its last entry, 0 when there is none
    /// @param timeNanos of its last entry
    /// @param bytes of all segments up to their ends
    /// @param first sequence of the first entry that is kept
    /// @param spans the segments, in order
    /// @param rolled in order; none in a journal whose base is what it was
    public record End(long sequence, long timeNanos, long bytes, long first, List<SegmentSpan> spans, List<Rolled> rolled) {
        End(long sequence, long timeNanos, long bytes) {
            this(sequence, timeNanos, bytes, 1, List.of(), List.of());
        }

        /// What all segments took before some were compressed.
        public long plainBytes() {
            return spans.stream().mapToLong(SegmentSpan::plainBytes).sum();
        }

        /// How many segments are compressed.
        public long compressedSegments() {
            return spans.stream().filter(SegmentSpan::isCompressed).count();
        }

        /// The first point of which anything is known: that of the base.
        public long oldest() {
            return rolled.isEmpty() ? 0 : rolled.getLast().sequence();
        }

        /// When the clock had passed what is before the oldest point, nanoseconds; [Long#MIN_VALUE] when nothing is.
        long oldestNanos() {
            return rolled.isEmpty() ? Long.MIN_VALUE : rolled.getLast().latestNanos();
        }

        /// Whether a base of this name is the one that goes with the segments.
        ///
        /// @param original what it was called when the journal began
        boolean isBase(String identity, String original) {
            if (rolled.isEmpty()) {
                return identity.equals(original);
            }
            Rolled last = rolled.getLast();
            return identity.equals(last.to()) || identity.equals(last.from()) && first == last.firstKept();
        }

        /// @throws OperatorError when a point is before all that is known
        void checkKept(long wanted, String name) {
            if (wanted < oldest()) {
                throw new OperatorError(
                        name, "has let go what was before entry " + oldest() + ", of " + Timeline.instant(oldestNanos()),
                        "choose a later point; the oldest is seq:" + oldest());
            }
        }
    }

    /// Opens and checks what says which segments belong together.
    ///
    /// @throws OperatorError when there are none, one is missing, damaged, of another journal or not in its place, or somebody is
    ///     writing
    public static Journal open(Segments segments) throws DiskException {
        return open(segments, segments.numbers(), Long.MAX_VALUE, number -> segments.open(number, Access.READ_ONLY));
    }

    /// The same, whoever writes to it meanwhile.
    ///
    /// @throws OperatorError when there are none, or one is missing, damaged, of another journal or not in its place
    public static Journal peek(Segments segments) throws DiskException {
        while (true) {
            SortedSet<Integer> numbers = segments.numbers();
            try {
                return open(segments, numbers, Long.MAX_VALUE, segments::peek);
            } catch (OperatorError e) {
                if (segments.numbers().containsAll(numbers)) {
                    throw e;
                } // else the oldest was let go meanwhile
            }
        }
    }

    /// Some of its segments, which are on stable storage and not written to any more.
    static Journal open(Segments segments, List<SegmentSpan> spans) throws DiskException {
        return open(
                segments, spans.stream().map(SegmentSpan::number).toList(), spans.getLast().last() + 1,
                number -> segments.open(number, Access.READ_ONLY));
    }

    private static Journal open(Segments segments, Collection<Integer> numbers, long stop, IntFunction<BlockDevice> opening) throws DiskException {
        var journal = new Journal(segments, stop);
        try {
            for (int number : numbers) {
                journal.add(number, opening.apply(number));
            }
            if (journal.headers.isEmpty()) {
                throw new OperatorError(segments.name(), "has no journal", "bring it back");
            }
            return journal;
        } catch (DiskException | RuntimeException e) {
            journal.close();
            throw e;
        }
    }

    private void add(int number, BlockDevice device) throws DiskException {
        String name = segments.name(number);
        devices.add(device);
        if (device.geometry().sizeBytes() < SegmentHeader.BYTES) {
            throw new OperatorError(name, "has been cut short", "restore it from a copy");
        }
        byte[] bytes = new Blocking(device).read(0, SegmentHeader.BYTES);
        SegmentHeader header = SegmentHeader.parse(bytes, name);
        checkPlace(header, number, name);
        headers.add(header);
        headerCrcs.add(SegmentHeader.crcIn(bytes));
    }

    private void checkPlace(SegmentHeader header, int number, String name) {
        SegmentHeader before = headers.isEmpty() ? null : headers.getLast();
        int expected = before == null ? number : before.number() + 1;
        if (header.number() != number || number != expected) {
            throw new OperatorError(
                    name, "is segment " + header.number() + " of its journal, and segment " + expected + " should be here",
                    "bring back the segments as they were");
        }
        if (!segments.journal().orElse(header.journal()).equals(header.journal())) {
            throw new OperatorError(name, "is of another disk's journal", "bring back the journal of this one");
        }
        boolean follows = before == null ? number > 1 || header.firstSequence() == 1 : follows(before, header);
        SegmentHeader.Compressed sealed = before == null ? null : before.compressed();
        follows &= sealed == null || header.firstSequence() == sealed.last() + 1;
        if (!follows) {
            throw new OperatorError(name, "does not continue the segment before it", "bring back the segments as they were");
        }
    }

    private static boolean follows(SegmentHeader before, SegmentHeader header) {
        return header.journal().equals(before.journal())
                && header.tagBefore() == before.tag()
                && header.firstSequence() >= before.firstSequence()
                && header.diskBytes() == before.diskBytes()
                && header.logicalBlockBytes() == before.logicalBlockBytes();
    }

    /// That of the last segment.
    public SegmentHeader header() {
        return headers.getLast();
    }

    public String name() {
        return segments.name();
    }

    SegmentHeader header(int segment) {
        return headers.get(segment);
    }

    /// What the operator calls a segment.
    String name(int segment) {
        return segments.name(headers.get(segment).number());
    }

    int headerCrc(int segment) {
        return headerCrcs.get(segment);
    }

    int segments() {
        return devices.size();
    }

    BlockDevice device(int segment) {
        return devices.get(segment);
    }

    /// Looks at every entry, and checks it.
    ///
    /// @throws OperatorError when entries that were on stable storage are missing or damaged, or of a kind that is not known here
    public End scan(Visitor visitor) throws DiskException {
        try (var scanning = new Scanning(true)) {
            return go(visitor, scanning::scan);
        }
    }

    /// Looks at what every entry says, and reads the index of a segment that has one instead of the segment: whoever reads the data
    /// checks it then.
    ///
    /// @param visitor is to do without the data of writes
    /// @throws OperatorError when entries that were on stable storage are missing or damaged where they were looked at, or of a kind that is
    ///     not known here
    public End look(Visitor visitor) throws DiskException {
        int last = headers.size() - 1;
        try (var scanning = new Scanning(false);
                var indexes = new IndexesAhead()) {
            if (last == 0 || nextAfter(last) < Long.MAX_VALUE) {
                return go(visitor, (segment, found) -> look(indexes.next(), found, scanning));
            }
            try (var apart = new Apart<>("last segment", () -> scanApart(last))) {
                return go(visitor, (segment, found) -> segment < last ? look(indexes.next(), found, scanning) : look(apart.await(), found, scanning));
            }
        }
    }

    /// The indexes of the segments in their order, of which the next one is read, by a thread of its own, while one is gone through.
    private final class IndexesAhead implements AutoCloseable {
        private int segment;
        private Apart<Optional<SegmentIndex>> following = begin();

        private Apart<Optional<SegmentIndex>> begin() {
            int number = segment++;
            return new Apart<>("index", () -> number < headers.size() ? index(number) : Optional.empty());
        }

        Optional<SegmentIndex> next() throws DiskException {
            Optional<SegmentIndex> next = following.await();
            following = begin();
            return next;
        }

        @Override
        public void close() {
            following.close();
        }
    }

    /// What the last segment has, which has no index while it may be written to.
    ///
    /// @param index what an index of it would say; empty when that were too large
    private record Scanned(SegmentSpan span, Optional<SegmentIndex> index) {}

    /// How a segment is gone through.
    private interface Way {
        SegmentSpan through(int segment, Found found) throws DiskException;
    }

    private End go(Visitor visitor, Way way) throws DiskException {
        var spans = new ArrayList<SegmentSpan>();
        var rolled = new ArrayList<Rolled>();
        long time = 0;
        for (int segment = 0; segment < headers.size(); segment++) {
            var found = new Found(segment, visitor, rolled, time);
            spans.add(way.through(segment, found));
            time = found.time;
        }
        long bytes = spans.stream().mapToLong(SegmentSpan::bytes).sum();
        var end = new End(spans.getLast().last(), time, bytes, headers.getFirst().firstSequence(), List.copyOf(spans), List.copyOf(rolled));
        checkBeginning(end);
        return end;
    }

    /// What is found in a segment.
    private final class Found {
        private final int segment;
        private final Visitor visitor;
        private final List<Rolled> rolled;
        private long time;
        private long latest = Long.MIN_VALUE;

        Found(int segment, Visitor visitor, List<Rolled> rolled, long time) {
            this.segment = segment;
            this.visitor = visitor;
            this.rolled = rolled;
            this.time = time;
        }

        void entry(Place place, Entry entry, MemorySegment data) throws DiskException {
            checkKind(entry, segment);
            if (entry.is(EntryKind.ROLLED)) {
                rolled.add(Rolled.parse(data).orElseThrow(() -> new OperatorError(
                        segments.name(headers.get(segment).number()), "is damaged: entry " + entry.sequence() + " makes no sense",
                        "restore it from a copy; nothing was changed")));
            }
            visitor.entry(place, entry, data);
            time = entry.timeNanos();
            latest = Math.max(latest, time);
        }

        void entries(SegmentIndex index) throws DiskException {
            index.visit(segment, this::entry);
        }
    }

    /// What was let go is what the base has taken on.
    private void checkBeginning(End end) {
        boolean all = stop == Long.MAX_VALUE;
        if (all && end.first - 1 > end.oldest()) {
            throw new OperatorError(
                    segments.name(headers.getFirst().number() - 1), "is not there, and is needed: it has what was before entry " + end.first,
                    "bring it back");
        }
    }

    /// The sequence behind the last one of a segment; [Long#MAX_VALUE] when that is not known.
    private long nextAfter(int segment) {
        SegmentHeader.Compressed sealed = headers.get(segment).compressed();
        if (sealed != null) {
            return sealed.last() + 1;
        }
        return segment == headers.size() - 1 ? stop : headers.get(segment + 1).firstSequence();
    }

    /// What says what is in a segment, if there is something that fits it.
    private Optional<SegmentIndex> index(int segment) {
        long next = nextAfter(segment);
        if (next == Long.MAX_VALUE) {
            return Optional.empty(); // others may be writing to it
        }
        SegmentHeader header = headers.get(segment);
        long size = devices.get(segment).geometry().sizeBytes();
        return segments.index(header.number()).flatMap(bytes -> SegmentIndex.parse(bytes, header, headerCrc(segment), next, size));
    }

    private SegmentSpan look(Optional<SegmentIndex> there, Found found, Scanning scanning) throws DiskException {
        if (there.isEmpty()) {
            return scanning.scan(found.segment, found);
        }
        SegmentIndex index = there.get();
        found.entries(index);
        SegmentHeader header = headers.get(found.segment);
        return new SegmentSpan(header.number(), header.firstSequence(), index.lastSequence(), found.latest, index.end(), plainBytes(header, index.end()), true,
                isSmall(header, there));
    }

    private SegmentSpan look(Scanned last, Found found, Scanning scanning) throws DiskException {
        if (last.index().isEmpty()) {
            return scanning.scan(found.segment, found);
        }
        found.entries(last.index().get());
        return last.span();
    }

    private Scanned scanApart(int segment) throws DiskException {
        try (var scanning = new Scanning(false)) {
            var making = new SegmentIndex.Making();
            SegmentSpan span = scanning.scan(segment, new Found(segment, making, new ArrayList<>(), 0));
            SegmentHeader header = headers.get(segment);
            return new Scanned(
                    span, making.finish(header, headerCrc(segment), span.bytes(), false).map(bytes -> SegmentIndex.made(bytes, header)));
        }
    }

    /// Goes through segments from entry to entry.
    private final class Scanning implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        private final EntryReader entries = new EntryReader(Journal.this);
        private final boolean decoding;
        private @Nullable MemorySegment buffer;

        /// @param decoding whether the data of a write that was compressed is wanted
        Scanning(boolean decoding) {
            this.decoding = decoding;
        }

        SegmentSpan scan(int segment, Found found) throws DiskException {
            var window = new Window(devices.get(segment), buffer());
            SegmentHeader header = headers.get(segment);
            long end = nextAfter(segment);
            long sequence = header.firstSequence();
            long position = SegmentHeader.BYTES;
            for (; sequence < end; sequence++) {
                long place = placeOf(window, header, position, sequence);
                if (place < 0 && provesDamage(segment, window, position, sequence)) {
                    place = lookAgain(segment, window, position, sequence);
                }
                if (place < 0) {
                    break;
                }
                Entry entry = Entry.parse(window.at(place, Entry.HEADER_BYTES));
                MemorySegment data = window.at(place, entry.bytes()).asSlice(Entry.HEADER_BYTES, entry.dataBytes());
                found.entry(new Place(segment, place, 0), entry, entry.form() == Stored.AS_IT_IS ? data : decoded(segment, place));
                position = place + entry.bytes();
            }
            Optional<SegmentIndex> index = index(segment);
            return new SegmentSpan(
                    header.number(), header.firstSequence(), sequence - 1, found.latest, position, plainBytes(header, position), index.isPresent(),
                    isSmall(header, index));
        }

        private MemorySegment buffer() {
            if (buffer == null) {
                long largest = devices.stream().mapToLong(device -> device.geometry().sizeBytes()).max().orElse(0);
                buffer = arena.allocate(Math.min(Window.BYTES, largest));
            }
            return buffer;
        }

        private MemorySegment decoded(int segment, long place) throws DiskException {
            return decoding ? MemorySegment.ofArray(entries.read(segment, place)) : MemorySegment.NULL;
        }

        @Override
        public void close() {
            entries.close();
            arena.close();
        }
    }

    private static boolean isSmall(SegmentHeader header, Optional<SegmentIndex> index) {
        return header.isCompressed() || index.map(SegmentIndex::incompressible).orElse(false);
    }

    private static long plainBytes(SegmentHeader header, long bytes) {
        SegmentHeader.Compressed compressed = header.compressed();
        return compressed == null ? bytes : compressed.plainEnd();
    }

    /// Where the next entry is: here, or where the next unit begins; negative when it is in neither place.
    private static long placeOf(Window window, SegmentHeader header, long position, long sequence) throws DiskException {
        if (isEntry(window, header, position, sequence)) {
            return position;
        }
        long next = Math.ceilDiv(position, (long) UNIT_BYTES) * UNIT_BYTES;
        return next != position && isEntry(window, header, next, sequence) ? next : -1;
    }

    private static boolean isEntry(Window window, SegmentHeader header, long position, long sequence) throws DiskException {
        @Nullable Entry entry = Entry.find(window.at(position, Entry.HEADER_BYTES), header.tag()).orElse(null);
        if (entry == null || entry.sequence() != sequence || !entry.isSound(header)) {
            return false;
        }
        MemorySegment whole = window.at(position, entry.bytes());
        return whole.byteSize() == entry.bytes() && isWhole(entry, whole.asSlice(Entry.HEADER_BYTES, entry.dataBytes()));
    }

    private static boolean isWhole(Entry entry, MemorySegment data) {
        return Entry.crc(data) == entry.dataCrc();
    }

    private void checkKind(Entry entry, int segment) {
        if (!EntryKind.isKnown(entry.kind())) {
            throw new OperatorError(
                    segments.name(headers.get(segment).number()), "has an entry of a kind that is not known here, " + entry.kind(),
                    "use the version of Holdfast that made it; nothing was changed");
        }
    }

    /// @param position where the segment ends
    /// @param missing sequence of the first entry that is not there
    private boolean provesDamage(int segment, Window window, long position, long missing) throws DiskException {
        return segment < headers.size() - 1 || stop < Long.MAX_VALUE || headers.get(segment).isCompressed() || provesDurable(segment, window, position, missing);
    }

    /// Where the entry is, if it was written since the first look.
    private long lookAgain(int segment, Window window, long position, long missing) throws DiskException {
        window.forget();
        long place = placeOf(window, headers.get(segment), position, missing);
        if (place < 0) {
            throw new OperatorError(
                    segments.name(headers.get(segment).number()),
                    "is damaged: entry " + missing + ", which was on stable storage, is not there any more",
                    "restore it from a copy; nothing was changed");
        }
        return place;
    }

    /// Whether something that was written later says that this entry was on stable storage.
    private boolean provesDurable(int segment, Window window, long position, long missing) throws DiskException {
        int tag = headers.get(segment).tag();
        long from = position / UNIT_BYTES * UNIT_BYTES;
        long size = devices.get(segment).geometry().sizeBytes();
        if (from == size) {
            return false;
        }
        for (Extent run : new Blocking(devices.get(segment)).extents(from, size - from)) {
            for (long unit = run.offset(); unit < run.end() && !run.readsZero(); unit += UNIT_BYTES) {
                MemorySegment at = window.at(unit, Entry.HEADER_BYTES);
                if (Entry.find(at, tag).filter(entry -> entry.durable() >= missing).isPresent()) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public void close() {
        devices.forEach(BlockDevice::close);
    }
}
