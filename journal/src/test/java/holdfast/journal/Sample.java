package holdfast.journal;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.PowerCutModel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/// A journal that a test writes, with what the disk has been after each entry.
final class Sample implements AutoCloseable {
    static final int DISK_BYTES = 64 << 10;
    static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");
    static final UUID ID = new UUID(1, 2);
    static final JournalWriter.Limits SMALL = new JournalWriter.Limits(4 << 20, Long.MAX_VALUE);

    /// For tests that look at many.
    static final JournalWriter.Limits TINY = new JournalWriter.Limits(512 << 10, Long.MAX_VALUE);

    private static final int BLOCK = PowerCutModel.BLOCK;

    private final Segments segments;
    private final Steps clock;
    private final JournalWriter writer;
    private final byte[] content;
    private final List<byte[]> states = new ArrayList<>();
    private final long first;

    private Sample(Segments segments, Steps clock, JournalWriter writer, byte[] content, long first) {
        this.segments = segments;
        this.clock = clock;
        this.writer = writer;
        this.content = content;
        this.first = first;
        states.add(content.clone());
    }

    /// A new journal over a base of zeros.
    static Sample begin(Segments segments) throws DiskException {
        return begin(segments, ID);
    }

    static Sample begin(Segments segments, UUID id) throws DiskException {
        return begin(segments, id, SMALL);
    }

    static Sample begin(Segments segments, UUID id, JournalWriter.Limits limits) throws DiskException {
        JournalWriter.begin(segments, header(id));
        return open(segments, new byte[DISK_BYTES], limits);
    }

    static SegmentHeader header(UUID id) {
        return new SegmentHeader(id, 1, 1000, 0, BLOCK, 1, DISK_BYTES, "");
    }

    /// @param content of the disk at the end of the journal
    static Sample open(Segments segments, byte[] content, JournalWriter.Limits limits) throws DiskException {
        var tags = new Random(segments.numbers().size());
        var clock = new Steps(NOON);
        Journal.End end;
        SegmentHeader last;
        try (Journal journal = Journal.open(segments)) {
            end = journal.scan((_, _, _) -> {});
            last = journal.header();
        }
        return new Sample(segments, clock, new JournalWriter(segments, last, end, limits, clock, tags::nextInt), content.clone(), end.sequence());
    }

    JournalWriter writer() {
        return writer;
    }

    Steps clock() {
        return clock;
    }

    static MemorySegment buffer(byte[] bytes) {
        return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
    }

    void write(int offset, byte[] data) throws DiskException {
        long sequence = writer.append(EntryKind.WRITE, offset, data.length, buffer(data), null);
        System.arraycopy(data, 0, content, offset, data.length);
        noted(sequence);
    }

    void zero(EntryKind kind, int offset, int length) throws DiskException {
        long sequence = writer.append(kind, offset, length, MemorySegment.NULL, null);
        Arrays.fill(content, offset, offset + length, (byte) 0);
        noted(sequence);
    }

    long mark(String name) throws DiskException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        long sequence = writer.append(EntryKind.MARK, 0, 0, buffer(bytes), null);
        noted(sequence);
        return sequence;
    }

    private void noted(long sequence) {
        while (first + states.size() <= sequence) {
            states.add(content.clone());
        }
    }

    /// Does something at random.
    void step(Random random) throws DiskException {
        int blocks = 1 + random.nextInt(8);
        int offset = random.nextInt(DISK_BYTES / BLOCK - blocks) * BLOCK;
        switch (random.nextInt(10)) {
            case 0 -> zero(EntryKind.DISCARD, offset, blocks * BLOCK);
            case 1 -> zero(EntryKind.ZEROES, offset, blocks * BLOCK);
            case 2 -> mark("mark " + random.nextInt());
            default -> write(offset, Noise.of(random.nextLong()).bytes(blocks * BLOCK));
        }
    }

    /// What the disk was behind an entry.
    byte[] at(long sequence) {
        return states.get((int) (sequence - first));
    }

    long last() {
        return first + states.size() - 1;
    }

    /// What a journal over a base of zeros says the disk was behind an entry.
    static byte[] past(Segments segments, long sequence) throws DiskException {
        try (PastDevice past = PastDevice.open(() -> new MemoryDevice(new ByteSize(DISK_BYTES)), segments, sequence)) {
            return new Blocking(past).read(0, DISK_BYTES);
        }
    }

    /// The same of a journal of all segments there ever were, whatever its base has taken on.
    static byte[] pastOverAny(Segments all, long sequence) throws DiskException {
        var content = new byte[DISK_BYTES];
        try (Journal journal = Journal.open(all)) {
            journal.scan((_, entry, data) -> {
                if (entry.sequence() > sequence) {
                    return;
                }
                if (entry.is(EntryKind.WRITE)) {
                    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, 0, content, (int) entry.offset(), (int) entry.length());
                } else if (entry.is(EntryKind.DISCARD) || entry.is(EntryKind.ZEROES)) {
                    Arrays.fill(content, (int) entry.offset(), (int) (entry.offset() + entry.length()), (byte) 0);
                }
            });
        }
        return content;
    }

    Segments segments() {
        return segments;
    }

    @Override
    public void close() {
        writer.close();
    }
}
