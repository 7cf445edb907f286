package holdfast.journal;

import com.github.luben.zstd.ZstdDecompressCtx;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// Reads what entries of a journal have, for any number of threads. That an index knows of an entry does not say that it is still
/// whole, so it is checked here: a small one whenever it is read, a large one once, since to check it all of it is read.
final class EntryReader implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(EntryReader.class.getName());
    private static final int BLOCK_BYTES_MAX = 4096;
    private static final int LARGE_BYTES = 16 << 10;
    private static final int LARGE_KEPT = 16;
    private static final byte[] NOTHING = {};

    /// What an entry has, and a block before and behind it.
    private static final int BUFFER_BYTES = Entry.DATA_BYTES_MAX + 2 * BLOCK_BYTES_MAX;

    private final Journal journal;
    private final Arena arena = Arena.ofShared();

    /// What a thread needs that reads.
    final class Reading implements AutoCloseable {
        private final MemorySegment buffer;

        /// Begun when there is something to decode: zstd's library takes time, and room for files, to load.
        private @Nullable ZstdDecompressCtx zstd;

        private Reading(MemorySegment buffer) {
            this.buffer = buffer;
        }

        private ZstdDecompressCtx zstd() {
            if (zstd == null) {
                zstd = new ZstdDecompressCtx();
            }
            return zstd;
        }

        /// @param offset of the first byte on the disk
        /// @throws DiskException when it cannot be read, or is not what was written
        void read(Journal.Place place, long offset, MemorySegment into) throws DiskException {
            if (journal.header(place.segment()).isCompressed()) {
                decode(place, offset, into, this);
                return;
            }
            long data = Entry.HEADER_BYTES + place.skip();
            if (checked.contains(place.packed())) {
                into.copyFrom(bytes(place, data, data + into.byteSize(), buffer));
            } else {
                into.copyFrom(whole(place, data + into.byteSize(), offset, buffer).asSlice(data, into.byteSize()));
            }
        }

        /// It is another's from here on.
        @Override
        public void close() {
            unused.add(this);
        }

        private void release() {
            if (zstd != null) {
                zstd.close();
            }
        }
    }

    /// No more than reads have been under way at once.
    private final Queue<Reading> unused = new ConcurrentLinkedQueue<>();

    private final Set<Long> checked = ConcurrentHashMap.newKeySet();

    /// What was decoded last, of entries that take long.
    private final Map<Long, byte[]> large = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, byte[]> eldest) {
            return size() > LARGE_KEPT;
        }
    });

    EntryReader(Journal journal) {
        this.journal = journal;
    }

    /// All data of a write.
    byte[] read(int segment, long position) throws DiskException {
        try (Reading reading = begin()) {
            var place = new Journal.Place(segment, position, 0);
            return plain(place, read(place, reading.buffer), Stored.CHAIN_MAX, reading);
        }
    }

    /// As [Reading#read], for one.
    void read(Journal.Place place, long offset, MemorySegment into) throws DiskException {
        try (Reading reading = begin()) {
            reading.read(place, offset, into);
        }
    }

    /// For a thread that reads one after the other.
    Reading begin() {
        return Objects.requireNonNullElseGet(unused.poll(), () -> new Reading(arena.allocate(BUFFER_BYTES)));
    }

    private void decode(Journal.Place place, long offset, MemorySegment into, Reading reading) throws DiskException {
        Found found = read(place, reading.buffer);
        if (found.entry.offset() + place.skip() != offset || place.skip() + into.byteSize() > found.entry.length()) {
            throw damaged(place);
        }
        byte[] data = plain(place, found, Stored.CHAIN_MAX, reading);
        MemorySegment.copy(data, (int) place.skip(), into, ValueLayout.JAVA_BYTE, 0, (int) into.byteSize());
    }

    /// A write and what it has in its segment.
    record Found(Entry entry, Stored stored) {}

    private Found read(Journal.Place place, MemorySegment buffer) throws DiskException {
        MemorySegment there = whole(place, Entry.HEADER_BYTES, -1, buffer);
        Entry entry = Entry.parse(there);
        byte[] bytes = there.asSlice(Entry.HEADER_BYTES, entry.dataBytes()).toArray(ValueLayout.JAVA_BYTE);
        return new Found(entry, new Stored(entry.form(), bytes));
    }

    /// @param chain how many others may have to be decoded first
    private byte[] plain(Journal.Place place, Found found, int chain, Reading reading) throws DiskException {
        long key = place.packed();
        byte[] known = large.get(key);
        if (known != null) {
            return known;
        }
        int length = (int) found.entry.length();
        byte[] older = found.stored.form() == Stored.XOR ? older(place, found, chain, reading) : NOTHING;
        byte[] data = found.stored.plain(length, older, reading::zstd).orElseThrow(() -> damaged(place));
        if (length > LARGE_BYTES) {
            large.put(key, data);
        }
        return data;
    }

    /// What the earlier write has that an entry is told apart from.
    private byte[] older(Journal.Place place, Found found, int chain, Reading reading) throws DiskException {
        var earlier = new Journal.Place(place.segment(), found.stored.olderPosition(), 0);
        if (chain == 0 || earlier.position() >= place.position()) {
            throw damaged(place);
        }
        Found its = read(earlier, reading.buffer);
        long skip = found.entry.offset() - its.entry.offset();
        if (skip < 0 || skip + found.entry.length() > its.entry.length()) {
            throw damaged(place);
        }
        byte[] data = plain(earlier, its, chain - 1, reading);
        return Arrays.copyOfRange(data, (int) skip, (int) (skip + found.entry.length()));
    }

    /// All of an entry.
    ///
    /// @param least so much of it will be needed in any case
    /// @param offset of the byte at the place; negative when that is not known
    private MemorySegment whole(Journal.Place place, long least, long offset, MemorySegment buffer) throws DiskException {
        SegmentHeader segment = journal.header(place.segment());
        MemorySegment there = bytes(place, 0, least, buffer);
        Entry entry = Entry.find(there, segment.tag()).orElseThrow(() -> damaged(place));
        boolean fits = entry.is(EntryKind.WRITE)
                && entry.isSound(segment)
                && (offset < 0 || entry.offset() + place.skip() == offset)
                && entry.bytes() >= least;
        if (!fits) {
            throw damaged(place);
        }
        if (entry.bytes() > there.byteSize()) {
            there = bytes(place, 0, entry.bytes(), buffer);
        }
        if (there.byteSize() < entry.bytes() || !isWhole(entry, there.asSlice(Entry.HEADER_BYTES, entry.dataBytes()))) {
            throw damaged(place);
        }
        if (entry.dataBytes() > LARGE_BYTES) {
            checked.add(place.packed());
        }
        return there;
    }

    private static boolean isWhole(Entry entry, MemorySegment data) {
        return Entry.crc(data) == entry.dataCrc();
    }

    /// Storage is read in whole blocks.
    ///
    /// @param from counted from the beginning of the entry
    /// @return fewer where the segment ends
    private MemorySegment bytes(Journal.Place place, long from, long to, MemorySegment buffer) throws DiskException {
        BlockDevice segment = journal.device(place.segment());
        Geometry geometry = segment.geometry();
        long block = geometry.logicalBlockBytes();
        long begin = (place.position() + from) / block * block;
        long end = Math.min(Math.ceilDiv(place.position() + to, block) * block, geometry.sizeBytes());
        if (end - begin > buffer.byteSize() || end < begin) {
            throw damaged(place);
        }
        MemorySegment there = buffer.asSlice(0, end - begin);
        if (!segment.readAtOnce(begin, there)) {
            new Blocking(segment).read(begin, there);
        }
        long first = Math.min(place.position() + from, end);
        return buffer.asSlice(first - begin, Math.max(0, Math.min(place.position() + to, end) - first));
    }

    private DiskException damaged(Journal.Place place) {
        String name = journal.name(place.segment());
        LOG.log(System.Logger.Level.ERROR, name + ": is damaged: the entry at " + place.position() + " is not what was written");
        return new DiskException("a damaged segment of a journal", IoStatus.IO_ERROR);
    }

    /// Nobody reads any more.
    @Override
    public void close() {
        unused.forEach(Reading::release);
        arena.close();
    }
}
