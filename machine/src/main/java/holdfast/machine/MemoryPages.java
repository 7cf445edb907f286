package holdfast.machine;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import holdfast.riscv.BusFault;
import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Guest memory in a saved state: sections of up to 256 pages, each with the pages' numbers and their content in one zstd
/// frame. Pages of zeros have a number and no content.
final class MemoryPages {
    static final String SECTION = "memory";
    static final int VERSION = 1;
    private static final int PAGE_BYTES = PhysicalMemory.PAGE_BYTES;
    private static final int BATCH_PAGES = 256;
    private static final int COMPRESSION_LEVEL = 1;
    private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PAGE_BYTES]);

    private final PhysicalMemory memory;

    MemoryPages(PhysicalMemory memory) {
        this.memory = memory;
    }

    /// Writes every page that is not all zeros.
    void saveAll(StateOutput out) throws IOException {
        Batch batch = new Batch(out);
        for (int page = 0; page < memory.pageCount(); page++) {
            if (!isZero(page)) {
                batch.add(page);
            }
        }
        batch.flush();
    }

    /// The pages to write are those passed to the batch, zeros or not.
    Batch batch(StateOutput out) {
        return new Batch(out);
    }

    private MemorySegment page(int page) {
        return memory.segment().asSlice((long) page * PAGE_BYTES, PAGE_BYTES);
    }

    private boolean isZero(int page) {
        return page(page).mismatch(ZEROS) == -1;
    }

    /// Gathers pages and writes a section whenever it is full.
    final class Batch implements IntConsumer {
        private final StateOutput out;
        private final int[] pages = new int[BATCH_PAGES];
        private final byte[] content = new byte[BATCH_PAGES * PAGE_BYTES];
        private final boolean[] zero = new boolean[BATCH_PAGES];
        private int count;
        private int contentBytes;
        private @Nullable IOException failure;

        private Batch(StateOutput out) {
            this.out = out;
        }

        @Override
        public void accept(int page) {
            try {
                add(page);
            } catch (IOException e) {
                failure = e;
            }
        }

        void add(int page) throws IOException {
            pages[count] = page;
            zero[count] = isZero(page);
            if (!zero[count]) {
                MemorySegment.copy(page(page), ValueLayout.JAVA_BYTE, 0, content, contentBytes, PAGE_BYTES);
                contentBytes += PAGE_BYTES;
            }
            count++;
            if (count == BATCH_PAGES) {
                flush();
            }
        }

        void flush() throws IOException {
            if (failure != null) {
                throw failure;
            }
            if (count == 0) {
                return;
            }
            StateWriter record = new StateWriter();
            record.writeInt(count);
            for (int i = 0; i < count; i++) {
                record.writeInt(pages[i]);
                record.writeBoolean(zero[i]);
            }
            record.writeInt(contentBytes);
            record.writeBlob(Zstd.compress(Arrays.copyOf(content, contentBytes), COMPRESSION_LEVEL));
            count = 0;
            contentBytes = 0;
            out.section(new StateSection(SECTION, VERSION, true, record.toByteArray()));
        }
    }

    /// Puts the pages of one section into memory.
    void restore(StateSection section) throws IOException {
        StateReader in = section.upTo(VERSION).reader();
        int count = in.readInt();
        if (count < 0 || count > BATCH_PAGES) {
            throw new IOException("a section with " + count + " pages");
        }
        int[] pages = new int[count];
        boolean[] zero = new boolean[count];
        for (int i = 0; i < count; i++) {
            pages[i] = in.readInt();
            zero[i] = in.readBoolean();
        }
        int contentBytes = in.readInt();
        byte[] content = unpack(in.readBlob(1 << 24), contentBytes);
        int at = 0;
        for (int i = 0; i < count; i++) {
            put(pages[i], zero[i] ? new byte[PAGE_BYTES] : content, zero[i] ? 0 : at);
            at += zero[i] ? 0 : PAGE_BYTES;
        }
    }

    private static byte[] unpack(byte[] packed, int length) throws IOException {
        if (length < 0 || length > BATCH_PAGES * PAGE_BYTES) {
            throw new IOException("a section with " + length + " bytes of pages");
        }
        try {
            byte[] content = Zstd.decompress(packed, length);
            if (content.length != length) {
                throw new IOException("pages are damaged");
            }
            return content;
        } catch (ZstdException e) {
            throw new IOException("pages are damaged", e);
        }
    }

    private void put(int page, byte[] content, int at) throws IOException {
        if (page < 0 || page >= memory.pageCount() || at > content.length - PAGE_BYTES) {
            throw new IOException("page " + page + " is not in this machine's memory");
        }
        try {
            memory.write(memory.base() + (long) page * PAGE_BYTES, content, at, PAGE_BYTES);
        } catch (BusFault e) {
            throw new IOException("page " + page + " is not in this machine's memory", e);
        }
    }
}
