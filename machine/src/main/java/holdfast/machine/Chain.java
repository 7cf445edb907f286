package holdfast.machine;

import holdfast.riscv.BusFault;
import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// One descriptor chain: what the driver offers in one go, first the bytes for the device to read, then those for it to
/// write. Where one descriptor ends and the next begins means nothing (virtio 1.2, §2.7.4.2), so it is seen as two
/// streams. Every address was checked to lie in RAM when the chain was taken from its queue.
final class Chain {
    private final PhysicalMemory memory;
    private final int head;
    /// Address and length, pair by pair.
    private final long[] spans;
    private final int readableSpans;
    private final long readableBytes;
    private final long writableBytes;

    /// @param spans address and length in bytes, pair by pair; the readable ones first
    /// @param readableSpans how many pairs are readable
    Chain(PhysicalMemory memory, int head, long[] spans, int readableSpans) {
        this.memory = memory;
        this.head = head;
        this.spans = spans;
        this.readableSpans = readableSpans;
        this.readableBytes = sum(0, readableSpans);
        this.writableBytes = sum(readableSpans, spans.length / 2);
    }

    private long sum(int from, int to) {
        long bytes = 0;
        for (int i = from; i < to; i++) {
            bytes += spans[2 * i + 1];
        }
        return bytes;
    }

    /// Index of the first descriptor, by which the driver knows the chain.
    int head() {
        return head;
    }

    long readableBytes() {
        return readableBytes;
    }

    long writableBytes() {
        return writableBytes;
    }

    int writableSpans() {
        return spans.length / 2 - readableSpans;
    }

    long writableAddress(int span) {
        return spans[2 * (readableSpans + span)];
    }

    long writableLength(int span) {
        return spans[2 * (readableSpans + span) + 1];
    }

    /// Reads `length` bytes from position `from` of the readable stream.
    byte[] read(long from, int length) throws GuestError {
        byte[] bytes = new byte[length];
        read(from, MemorySegment.ofArray(bytes));
        return bytes;
    }

    /// Fills `into` from position `from` of the readable stream.
    void read(long from, MemorySegment into) throws GuestError {
        transfer(0, readableSpans, from, into, false);
    }

    /// Writes `bytes[offset..offset+length)` at position `at` of the writable stream.
    void write(long at, byte[] bytes, int offset, int length) throws GuestError {
        write(at, MemorySegment.ofArray(bytes).asSlice(offset, length));
    }

    void write(long at, MemorySegment from) throws GuestError {
        transfer(readableSpans, spans.length / 2, at, from, true);
    }

    private void transfer(int firstSpan, int endSpan, long position, MemorySegment host, boolean toGuest)
            throws GuestError {
        long skip = position;
        long done = 0;
        for (int span = firstSpan; span < endSpan && done < host.byteSize(); span++) {
            long length = spans[2 * span + 1];
            if (skip >= length) {
                skip -= length;
                continue;
            }
            long bytes = Math.min(length - skip, host.byteSize() - done);
            move(spans[2 * span] + skip, host.asSlice(done, bytes), toGuest);
            done += bytes;
            skip = 0;
        }
        if (done < host.byteSize()) {
            throw new GuestError("a buffer ends too early");
        }
    }

    private void move(long address, MemorySegment host, boolean toGuest) throws GuestError {
        try {
            if (toGuest) {
                memory.write(address, host);
            } else {
                memory.read(address, host);
            }
        } catch (BusFault _) {
            throw new GuestError("a buffer is outside RAM");
        }
    }

    void save(StateWriter out) throws IOException {
        out.writeInt(head);
        out.writeInt(readableSpans);
        out.writeLongs(spans);
    }

    /// @throws IOException when the record names memory that does not exist
    static Chain restore(PhysicalMemory memory, StateReader in) throws IOException {
        int head = in.readInt();
        int readable = in.readInt();
        long[] spans = in.readLongs(2 * Virtqueue.DESCRIPTORS_MAX);
        if (spans.length % 2 != 0 || readable < 0 || readable > spans.length / 2) {
            throw new IOException("a saved descriptor chain is malformed");
        }
        for (int i = 0; i < spans.length; i += 2) {
            if (spans[i + 1] < 0 || !memory.contains(spans[i], spans[i + 1])) {
                throw new IOException("a saved descriptor chain is outside RAM");
            }
        }
        return new Chain(memory, head, spans, readable);
    }
}
