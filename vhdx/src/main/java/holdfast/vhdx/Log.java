package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/// The log as it lies in the file: a ring of entries ([MS-VHDX] 2.3). It is searched for the active sequence: entries that
/// follow each other in place and in number, the last of which, the head, has its tail among them; of several that with the
/// highest number.
final class Log {
    /// More than anybody writes (1 MiB is usual), and what may be held in memory.
    static final long BYTES_MAX = 64 << 20;

    private static final int PIECE_BYTES = 64 << 10;

    private final byte[] ring;
    private final UUID id;
    private final Map<Integer, Optional<LogEntry>> parsed = new HashMap<>();

    private Log(byte[] ring, UUID id) {
        this.ring = ring;
        this.id = id;
    }

    /// What has to be replayed, oldest first.
    ///
    /// @return empty when the last writer has closed the file, or has not got as far as a first whole entry
    static List<LogEntry> active(Blocking store, Header header) throws Refusal, DiskException {
        if (!header.hasLog()) {
            return List.of();
        }
        if (header.logBytes() > BYTES_MAX) {
            throw Refusal.unknown("has a log of " + header.logBytes() + " bytes; the most is " + BYTES_MAX);
        }
        if (header.logOffset() > store.device().geometry().sizeBytes() - header.logBytes()) {
            throw Refusal.damaged("it ends before its log does");
        }
        return new Log(ring(store, header), header.log()).active();
    }

    /// Read in pieces: memory outside the heap is slow where it is touched first, and a log is as large as what else there is of a small file.
    private static byte[] ring(Blocking store, Header header) throws DiskException {
        var ring = new byte[(int) header.logBytes()];
        MemorySegment piece = Arena.ofAuto().allocate(Math.min(PIECE_BYTES, ring.length));
        for (int at = 0; at < ring.length; at += PIECE_BYTES) {
            MemorySegment part = piece.asSlice(0, Math.min(PIECE_BYTES, ring.length - at));
            store.read(header.logOffset() + at, part);
            MemorySegment.copy(part, ValueLayout.JAVA_BYTE, 0, ring, at, (int) part.byteSize());
        }
        return ring;
    }

    /// @throws Refusal when an entry that was written to its end has changed since: what it says is lost, and the file
    ///     without it is not the disk
    private List<LogEntry> active() throws Refusal {
        List<LogEntry> best = List.of();
        int start = 0;
        while (start < ring.length) {
            List<LogEntry> run = from(start);
            List<LogEntry> sequence = sinceTail(run, start);
            if (!sequence.isEmpty() && (best.isEmpty()
                    || Long.compareUnsigned(sequence.getLast().sequence(), best.getLast().sequence()) > 0)) {
                best = sequence;
            }
            start += sequence.isEmpty() ? LogEntry.SECTOR_BYTES : run.stream().mapToInt(LogEntry::bytes).sum();
        }
        if (best.isEmpty() && hasSpoiltEntry()) {
            throw Refusal.damaged("an entry of its log has a wrong checksum");
        }
        return best;
    }

    /// The entries that follow each other, once around at most.
    private List<LogEntry> from(int start) {
        var run = new ArrayList<LogEntry>();
        int length = 0;
        while (length < ring.length) {
            Optional<LogEntry> next = entry((start + length) % ring.length);
            boolean follows = next.isPresent()
                    && next.get().bytes() <= ring.length - length
                    && (run.isEmpty() || next.get().sequence() == run.getLast().sequence() + 1);
            if (!follows) {
                break;
            }
            run.add(next.get());
            length += next.get().bytes();
        }
        return run;
    }

    /// Those from the head's tail on; none when the tail is not among them.
    private List<LogEntry> sinceTail(List<LogEntry> run, int start) {
        int at = start;
        for (int i = 0; i < run.size(); i++) {
            if (at % ring.length == run.getLast().tail()) {
                return run.subList(i, run.size());
            }
            at += run.get(i).bytes();
        }
        return List.of();
    }

    private Optional<LogEntry> entry(int at) {
        return parsed.computeIfAbsent(at, _ -> bytes(at).flatMap(LogEntry::parse));
    }

    /// The bytes of what begins as an entry of this log.
    private Optional<byte[]> bytes(int at) {
        return LogEntry.length(Checksum.bytes(ring).slice(at, LogEntry.SECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN), id, ring.length).map(length -> {
            byte[] entry = Arrays.copyOfRange(ring, at, Math.min(ring.length, at + length));
            int before = entry.length;
            entry = Arrays.copyOf(entry, length);
            System.arraycopy(ring, 0, entry, before, length - before);
            return entry;
        });
    }

    /// Whether there is an entry each sector of which was written, by its stamps, and which is not what was written. One that
    /// a power cut has torn lacks some of its stamps: it never took effect, and so can be left out.
    private boolean hasSpoiltEntry() {
        for (int at = 0; at < ring.length; at += LogEntry.SECTOR_BYTES) {
            Optional<byte[]> bytes = bytes(at);
            if (bytes.isPresent() && entry(at).isEmpty()) {
                byte[] sealed = bytes.get().clone();
                Checksum.seal(sealed);
                if (LogEntry.parse(sealed).isPresent()) {
                    return true;
                }
            }
        }
        return false;
    }
}
