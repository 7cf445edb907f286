package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Memory balloon (virtio 1.2, §5.5): the operator asks the guest for memory back, and the guest says which pages it gives.
/// With page reporting it also tells of free memory unasked. What it gives goes back to the host.
final class VirtioBalloon extends VirtioDevice {
    static final int TYPE = 5;

    static final long STATS_VQ = 1L << 1;
    static final long DEFLATE_ON_OOM = 1L << 2;
    /// Offered so that drivers which number queues without gaps and those which follow the specification agree on the
    /// number of the reporting queue. A hint is never asked for.
    static final long FREE_PAGE_HINT = 1L << 3;
    static final long PAGE_POISON = 1L << 4;
    static final long PAGE_REPORTING = 1L << 5;

    static final int INFLATE = 0;
    static final int DEFLATE = 1;
    static final int STATISTICS = 2;
    static final int FREE_PAGES = 3;
    static final int REPORTING = 4;

    /// Unit of the balloon, whatever the guest's page size.
    static final int PAGE_BYTES = 4096;

    static final int CONFIG_ACTUAL = 4;
    static final int CONFIG_POISON = 12;

    private static final int QUEUE_SIZE = 128;
    /// Page numbers that are read at once, of an array of any length.
    private static final int NUMBERS_AT_ONCE = 4096;
    private static final int STATISTIC_BYTES = 10;
    private static final int STATISTICS_BYTES_MAX = 4096;

    private static final byte EVENT_TARGET = 0;
    private static final byte EVENT_ASK_STATISTICS = 1;

    private final PhysicalMemory memory;
    private final PageRelease release;
    private final EventGate.Input input;
    private int targetPages;
    private int actualPages;
    private int poison;
    /// The driver's buffer, which it gets back when statistics are asked for.
    private @Nullable Chain statisticsBuffer;
    private volatile Map<MemoryStatistic, Long> statistics = Map.of();
    private volatile Consumer<Map<MemoryStatistic, Long>> listener = _ -> {};

    VirtioBalloon(String name, PhysicalMemory memory, EventGate gate, PageRelease release) {
        super(
                name,
                TYPE,
                STATS_VQ | DEFLATE_ON_OOM | FREE_PAGE_HINT | PAGE_POISON | PAGE_REPORTING,
                memory,
                QUEUE_SIZE,
                QUEUE_SIZE,
                QUEUE_SIZE,
                QUEUE_SIZE,
                QUEUE_SIZE);
        this.memory = memory;
        this.release = release;
        this.input = register(gate, this::event);
    }

    // ---- for the operator; any thread ----

    /// Asks the guest to give back so much memory, in all.
    ///
    /// @param bytes rounded down to whole pages
    void target(long bytes) {
        if (bytes < 0 || bytes > memory.size()) {
            throw new IllegalArgumentException("a balloon has 0.." + memory.size() + " bytes, not " + bytes);
        }
        int pages = (int) (bytes / PAGE_BYTES);
        input.offer(ByteBuffer.allocate(5).put(EVENT_TARGET).putInt(pages).array());
    }

    /// How much the guest says it has given back.
    long actualBytes() {
        lock().lock();
        try {
            return Integer.toUnsignedLong(actualPages) * PAGE_BYTES;
        } finally {
            lock().unlock();
        }
    }

    /// Asks the guest for fresh statistics; the listener hears of them.
    void askStatistics() {
        input.offer(new byte[] {EVENT_ASK_STATISTICS});
    }

    /// What the guest last told; empty before it did.
    Map<MemoryStatistic, Long> statistics() {
        return statistics;
    }

    /// Called on a hart's thread.
    void listen(Consumer<Map<MemoryStatistic, Long>> to) {
        listener = to;
    }

    // ---- events, configuration ----

    private void event(byte[] payload) throws GuestError {
        ByteBuffer fields = ByteBuffer.wrap(payload);
        if (fields.get() == EVENT_TARGET) {
            targetPages = fields.getInt();
            configChanged();
        } else if (statisticsBuffer != null && running()) {
            queue(STATISTICS).push(statisticsBuffer, 0);
            statisticsBuffer = null;
        }
    }

    @Override
    byte[] config() {
        return ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, targetPages)
                .putInt(CONFIG_ACTUAL, actualPages)
                .putInt(CONFIG_POISON, poison)
                .array();
    }

    @Override
    void configStore(int offset, int bytes, int value) {
        if (offset == CONFIG_ACTUAL && bytes == 4) {
            actualPages = value;
        } else if (offset == CONFIG_POISON && bytes == 4 && negotiated(PAGE_POISON)) {
            poison = value;
        }
    }

    // ---- queues ----

    @Override
    boolean serve(Virtqueue queue) throws GuestError {
        if (queue.index() == STATISTICS) {
            takeStatistics(queue);
            return false;
        }
        for (int taken = 0; taken < BATCH; taken++) {
            Chain chain = queue.pop();
            if (chain == null) {
                return false;
            }
            switch (queue.index()) {
                case INFLATE -> inflate(chain);
                case REPORTING -> reported(chain);
                default -> {} // pages that are deflated come back by being used
            }
            queue.push(chain, 0);
        }
        return true;
    }

    /// The chain is an array of 32-bit page numbers. Neighbours go back together.
    private void inflate(Chain chain) throws GuestError {
        long runStart = 0;
        long runPages = 0;
        for (long at = 0; at + 4 <= chain.readableBytes(); at += 4L * NUMBERS_AT_ONCE) {
            int count = (int) Math.min(NUMBERS_AT_ONCE, (chain.readableBytes() - at) / 4);
            ByteBuffer numbers = ByteBuffer.wrap(chain.read(at, 4 * count)).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                long page = Integer.toUnsignedLong(numbers.getInt(4 * i));
                if (page != runStart + runPages) {
                    release(runStart * PAGE_BYTES, runPages * PAGE_BYTES);
                    runStart = page;
                    runPages = 0;
                }
                runPages++;
            }
        }
        release(runStart * PAGE_BYTES, runPages * PAGE_BYTES);
    }

    /// The chain's buffers are free memory themselves. With poisoning its content must stay what it is, unless that is
    /// zeros (§5.5.6.7).
    private void reported(Chain chain) throws GuestError {
        if (poison != 0 && negotiated(PAGE_POISON)) {
            return;
        }
        for (int span = 0; span < chain.writableSpans(); span++) {
            long from = chain.writableAddress(span) + PAGE_BYTES - 1 & -PAGE_BYTES;
            long to = chain.writableAddress(span) + chain.writableLength(span) & -PAGE_BYTES;
            release(from, Math.max(0, to - from));
        }
    }

    private void release(long address, long bytes) throws GuestError {
        if (bytes == 0) {
            return;
        }
        if (!memory.contains(address, bytes)) {
            throw new GuestError("a page outside RAM is given to the balloon");
        }
        release.discard(address - memory.base(), bytes);
    }

    /// The driver has filled its buffer; it is kept until the next time the operator asks.
    private void takeStatistics(Virtqueue queue) throws GuestError {
        Chain chain = queue.pop();
        if (chain == null) {
            return;
        }
        if (statisticsBuffer != null) {
            queue.push(statisticsBuffer, 0);
        }
        statisticsBuffer = chain;
        Map<MemoryStatistic, Long> told = new EnumMap<>(MemoryStatistic.class);
        int bytes = (int) Math.min(chain.readableBytes(), STATISTICS_BYTES_MAX);
        ByteBuffer fields = ByteBuffer.wrap(chain.read(0, bytes)).order(ByteOrder.LITTLE_ENDIAN);
        while (fields.remaining() >= STATISTIC_BYTES) {
            int tag = fields.getShort() & 0xffff;
            long value = fields.getLong();
            if (tag < MemoryStatistic.values().length) {
                told.put(MemoryStatistic.values()[tag], value);
            }
        }
        statistics = Map.copyOf(told);
        owe(() -> listener.accept(statistics));
    }

    // ---- reset, state ----

    @Override
    void stopped() {
        actualPages = 0;
        poison = 0;
        statisticsBuffer = null;
        statistics = Map.of();
    }

    @Override
    void stopped(Virtqueue queue) {
        if (queue.index() == STATISTICS) {
            statisticsBuffer = null;
        }
    }

    @Override
    void saveDevice(StateWriter out) throws IOException {
        out.writeInt(targetPages);
        out.writeInt(actualPages);
        out.writeInt(poison);
        out.writeBoolean(statisticsBuffer != null);
        if (statisticsBuffer != null) {
            statisticsBuffer.save(out);
        }
    }

    @Override
    void restoreDevice(StateReader in) throws IOException {
        targetPages = in.readInt();
        actualPages = in.readInt();
        poison = in.readInt();
        statisticsBuffer = in.readBoolean() ? Chain.restore(memory, in) : null;
    }
}
