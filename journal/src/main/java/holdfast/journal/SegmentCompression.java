package holdfast.journal;

import com.github.luben.zstd.ZstdCompressCtx;
import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/// Writes a sealed segment anew, compressed: the same entries, whose data is stored in the shortest form ([Stored]). What lies there is
/// read again and compared before it takes the segment's place.
///
/// Data is only told apart from what is in the same segment, so that each can be read without the others, and be removed.
final class SegmentCompression {
    private static final int STAGING_BYTES = 1 << 20;

    /// What it has to become, of 16 parts, to be worth while.
    private static final int PARTS_MAX = 15;

    private final Segments segments;
    private final SegmentSpan span;
    private final Pace pace;
    private final MemorySegment staging;
    private long staged;
    private long position = SegmentHeader.BYTES;

    /// Where the newest bytes are in the old segment, by what was seen of it.
    private final PastIndex newest = new PastIndex();

    /// Where a write went, by where it was.
    private final Map<Long, Moved> moved = new HashMap<>();

    private final Prints prints = new Prints();

    /// @param chain how many others have to be decoded before it
    private record Moved(long position, int chain) {}

    /// Called with the bytes of each entry that is looked at, before: it may wait.
    @FunctionalInterface
    interface Pace {
        void await(long bytes) throws DiskException;
    }

    /// A segment that can take the place of another one.
    ///
    /// @param span what is in it then
    /// @param file empty when it would not be much smaller
    record Made(Segments segments, SegmentSpan span, Optional<Segments.Replacement> file, Optional<byte[]> index) implements AutoCloseable {
        /// The segment first: until it has an index that fits it is read without.
        void put() throws DiskException {
            if (file.isPresent()) {
                file.get().put();
            }
            if (index.isPresent()) {
                segments.putIndex(span.number(), index.get());
            }
        }

        @Override
        public void close() {
            file.ifPresent(Segments.Replacement::close);
        }
    }

    private SegmentCompression(Segments segments, SegmentSpan span, Pace pace, Arena arena) {
        this.segments = segments;
        this.span = span;
        this.pace = pace;
        staging = arena.allocate(STAGING_BYTES + Entry.bytesFor(Entry.DATA_BYTES_MAX));
    }

    /// @param span of a sealed segment
    /// @throws OperatorError when it is damaged, or what was written cannot be read as the same
    static Made of(Segments segments, SegmentSpan span, Pace pace) throws DiskException {
        Segments.Replacement file = segments.replacement(span.number(), span.bytes() + SegmentHeader.BYTES);
        try (Arena arena = Arena.ofShared();
                Journal old = Journal.open(segments, List.of(span))) {
            var compression = new SegmentCompression(segments, span, pace, arena);
            SegmentHeader header = compression.write(old, file);
            long before = header.compressed() == null ? span.bytes() : header.compressed().plainEnd();
            if (compression.position > before / 16 * PARTS_MAX) {
                file.close();
                return compression.small(old, before);
            }
            SegmentIndex.Making index = compression.compare(file);
            SegmentSpan now = span.compressed(compression.position, before);
            return new Made(segments, now, Optional.of(file), index.finish(header, SegmentHeader.crcIn(header.encode()), compression.position, false));
        } catch (DiskException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// It is left alone from here on.
    private Made small(Journal old, long end) throws DiskException {
        var index = new SegmentIndex.Making();
        old.scan(index);
        return new Made(
                segments, span.compressed(end, end), Optional.empty(), index.finish(old.header(), old.headerCrc(0), end, true));
    }

    private SegmentHeader write(Journal old, Segments.Replacement file) throws DiskException {
        try (var entries = new EntryReader(old);
                var zstd = new ZstdCompressCtx()) {
            Journal.End end = old.scan((place, entry, data) -> {
                pace.await(entry.bytes());
                prints.add(entry, data);
                put(entry, stored(entries, place, entry, data, zstd), file);
            });
            flush(file);
            long plainEnd = end.spans().getFirst().bytes();
            SegmentHeader header = old.header().compressed(new SegmentHeader.Compressed(span.last(), position, plainEnd));
            file.write(0, MemorySegment.ofArray(header.encode()));
            return header;
        }
    }

    private Stored stored(EntryReader entries, Journal.Place place, Entry entry, MemorySegment data, ZstdCompressCtx zstd) throws DiskException {
        byte[] plain = data.toArray(ValueLayout.JAVA_BYTE);
        if (!entry.is(EntryKind.WRITE)) {
            newest.add(place, entry);
            return new Stored(Stored.AS_IT_IS, plain);
        }
        Optional<Journal.Place> before = before(entry);
        Optional<Stored.Older> older = Optional.empty();
        int chain = 0;
        if (before.isPresent()) {
            Moved to = moved.get(before.get().position());
            if (to != null && to.chain < Stored.CHAIN_MAX) {
                older = Optional.of(new Stored.Older(to.position, read(entries, before.get(), entry)));
                chain = to.chain + 1;
            }
        }
        Stored stored = Stored.shortest(plain, older, zstd);
        newest.add(place, entry);
        moved.put(place.position(), new Moved(position, stored.form() == Stored.XOR ? chain : 0));
        return stored;
    }

    /// Where the segment has all that was in the range of a write before.
    private Optional<Journal.Place> before(Entry entry) {
        List<PastIndex.Run> runs = newest.runs(entry.offset(), entry.offset() + entry.length());
        return Optional.of(runs).filter(all -> all.size() == 1).map(List::getFirst).filter(PastIndex.Run::isWritten).map(PastIndex.Run::place);
    }

    private static byte[] read(EntryReader entries, Journal.Place place, Entry entry) throws DiskException {
        var older = new byte[(int) entry.length()];
        entries.read(place, entry.offset(), MemorySegment.ofArray(older));
        return older;
    }

    private void put(Entry entry, Stored stored, Segments.Replacement file) throws DiskException {
        MemorySegment data = MemorySegment.ofArray(stored.bytes());
        var now = new Entry(
                entry.sequence(), entry.timeNanos(), entry.durable(), entry.kind(), stored.form(), stored.bytes().length, entry.offset(), entry.length(),
                entry.tag(), Entry.crc(data));
        MemorySegment there = staging.asSlice(staged, now.bytes());
        there.fill((byte) 0);
        now.encode(there);
        there.asSlice(Entry.HEADER_BYTES).copyFrom(data);
        staged += now.bytes();
        position += now.bytes();
        if (staged >= STAGING_BYTES) {
            flush(file);
        }
    }

    private void flush(Segments.Replacement file) throws DiskException {
        file.write(position - staged, staging.asSlice(0, staged));
        staged = 0;
    }

    /// Whether what was written is the same.
    private SegmentIndex.Making compare(Segments.Replacement file) throws DiskException {
        var index = new SegmentIndex.Making();
        var found = new Prints();
        try (Journal now = Journal.open(new Alone(span.number(), segments, file.written()), List.of(span))) {
            now.scan((place, entry, data) -> {
                pace.await(entry.bytes());
                found.add(entry, data);
                index.entry(place, entry, data);
            });
        }
        if (!found.equals(prints)) {
            throw new OperatorError(segments.name(span.number()), "does not become the same when it is compressed", "report this; nothing was changed");
        }
        return index;
    }

    /// What entries say, and what writes wrote.
    private static final class Prints {
        private int[] prints = new int[1024];
        private int used;

        void add(Entry entry, MemorySegment data) {
            var crc = new CRC32C();
            crc.update(ByteBuffer.allocate(6 * Long.BYTES)
                    .putLong(entry.sequence()).putLong(entry.timeNanos()).putLong(entry.durable()).putLong(entry.kind()).putLong(entry.offset())
                    .putLong(entry.length())
                    .flip());
            crc.update(data.asByteBuffer());
            prints = used == prints.length ? Arrays.copyOf(prints, 2 * used) : prints;
            prints[used++] = (int) crc.getValue();
        }

        boolean equals(Prints other) {
            return Arrays.equals(prints, 0, used, other.prints, 0, other.used);
        }
    }

    /// A segment that is not where it will be.
    private record Alone(int number, Segments segments, BlockDevice device) implements Segments {
        @Override
        public String name() {
            return segments.name();
        }

        @Override
        public String name(int which) {
            return segments.name(which);
        }

        @Override
        public SortedSet<Integer> numbers() {
            return new TreeSet<>(List.of(number));
        }

        @Override
        public BlockDevice open(int which, Access access) {
            return device;
        }

        @Override
        public BlockDevice create(int which, byte[] beginning, long bytes) {
            throw new UnsupportedOperationException("only for reading");
        }

        @Override
        public void remove(int which) {
            throw new UnsupportedOperationException("only for reading");
        }
    }
}
