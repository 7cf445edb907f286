package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.PowerCutModel;
import holdfast.block.Recording;
import holdfast.block.RecordingDevice;
import holdfast.block.Request;
import holdfast.block.Survival;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A disk, what it may hold, and what happened at its file.
final class Life {
    static final int MIB = 1 << 20;
    static final int BLOCKS = 6;

    /// Of each block of the disk its first sectors and its last: enough for everything that can happen to a block.
    private static final int HEAD_SECTORS = 12;

    private static final int SECTORS = HEAD_SECTORS + 1;
    private static final int SUBSETS_MAX = 8;
    private static final int REPAIR_SUBSETS_MAX = 2;
    private static final int FILE_MIB = 24;

    private final long seed;
    private final Random random;
    private final @Nullable Sample parent;
    private final MemoryDevice before;
    private final UUID contentBefore;
    private final byte[] startedAs;
    private final RecordingDevice store;
    private final VhdxDisk device;
    private final Blocking disk;
    private final PowerCutModel model;
    private final AtomicLong guids;
    private final List<Size> sizes = new ArrayList<>();

    /// The disk may have a size from one time on, and has that or a later one from another on.
    private record Size(long bytes, int from, int promised) {}

    Life(long seed, boolean child, @Nullable Sample over, @Nullable MemoryDevice found) throws DiskException {
        this(seed, child && over == null ? parentOf(seed, BLOCKS * MIB) : over, found, BLOCKS * MIB);
    }

    private Life(long seed, @Nullable Sample parent, @Nullable MemoryDevice found, long bytes) throws DiskException {
        this.seed = seed;
        random = new Random(seed);
        guids = new AtomicLong(seed << 20);
        this.parent = parent;
        MemoryDevice live = found == null ? fresh(parent, bytes) : found;
        sizes.add(new Size(bytes, 0, 0));
        before = live.copy();
        store = new RecordingDevice(live);
        device = open(store, true);
        disk = new Blocking(device);
        contentBefore = VhdxFile.of(before.copy(), "before").header().dataWrite();
        startedAs = view(disk);
        model = new PowerCutModel(startedAs);
    }

    /// A disk that is to become larger: it ends within a block.
    static Life ofSize(long seed, boolean child, long bytes) throws DiskException {
        return new Life(seed, child ? parentOf(seed, bytes) : null, null, bytes);
    }

    static Life ofFixed(long seed, long bytes) throws DiskException {
        return new Life(seed, null, lazy(bytes), bytes);
    }

    VhdxDisk device() {
        return device;
    }

    private VhdxDisk open(BlockDevice file, boolean writable) {
        var files = new ArrayList<VhdxFile>();
        files.add(writable ? VhdxFile.of(file, "disk").replayed() : VhdxFile.of(file, "disk"));
        if (parent != null) {
            files.add(parent.file());
        }
        return VhdxDisk.of(files, writable, () -> new UUID(seed, guids.incrementAndGet()));
    }

    private static Sample parentOf(long seed, long bytes) throws DiskException {
        Sample parent = Sample.inMemory(Sample.dynamic(bytes, MIB));
        for (int block = 0; block < Math.min(BLOCKS - 1, parent.metadata().layout().blocks()); block++) {
            var data = new byte[2 * HEAD_SECTORS * 512];
            new Random(-seed - block).nextBytes(data);
            parent.block(block, data);
        }
        return parent;
    }

    /// Every place in the file holds leavings, which must never be seen.
    private static MemoryDevice fresh(@Nullable Sample parent, long bytes) throws DiskException {
        var live = new MemoryDevice(new ByteSize(FILE_MIB * MIB));
        var leavings = new byte[2 * HEAD_SECTORS * 512];
        Arrays.fill(leavings, Sample.LEAVINGS);
        for (int at = 4; at < FILE_MIB; at++) {
            new Blocking(live).write((long) at * MIB, leavings);
            new Blocking(live).write((at + 1L) * MIB - leavings.length, leavings);
        }
        Metadata shape = Sample.dynamic(bytes, MIB);
        Sample.on(parent == null ? shape : Sample.over(shape, MIB, Map.of(
                ParentLocator.LINKAGE, Guid.text(parent.content()))), live);
        return live;
    }

    static MemoryDevice lazy() throws DiskException {
        return lazy(BLOCKS * MIB);
    }

    private static MemoryDevice lazy(long bytes) throws DiskException {
        MemoryDevice live = fresh(null, bytes);
        var shape = new Metadata(MIB, true, false, bytes, new UUID(1, 2), 512, 4096, null);
        Sample sample = Sample.on(shape, live);
        for (int block = 0; block < shape.layout().blocks(); block++) {
            sample.entry(shape.layout().blockEntry(block), BatEntry.of(BatEntry.ZERO, (5L + 2 * block) * MIB));
        }
        return live;
    }

    void initializeRest() throws DiskException {
        assertThat(device.pendingBytes()).isPositive();
        assertThat(device.initialize(0, Alarm.wallClock()).await(Duration.ofSeconds(60))).isTrue();
        model.promiseAll(now());
        assertThat(device.pendingBytes()).isZero();
    }

    /// The sectors that are looked at, one after the other; zeros where there is no disk yet.
    private static byte[] view(Blocking disk) throws DiskException {
        var view = new byte[BLOCKS * SECTORS * 512];
        for (int block = 0; block < BLOCKS; block++) {
            copy(disk, (long) block * MIB, HEAD_SECTORS * 512, view, block * SECTORS * 512);
            copy(disk, (block + 1L) * MIB - 512, 512, view, (block * SECTORS + HEAD_SECTORS) * 512);
        }
        return view;
    }

    private static void copy(Blocking disk, long from, int bytes, byte[] view, int to) throws DiskException {
        int there = Math.clamp(disk.device().geometry().sizeBytes() - from, 0, bytes);
        System.arraycopy(disk.read(there == 0 ? 0 : from, there), 0, view, to, there);
    }

    private int blocks() {
        return (int) Math.min(BLOCKS, device.geometry().sizeBytes() / MIB);
    }

    /// Grows while requests are under way.
    void grow(long bytes) throws DiskException {
        int from = now();
        CompletableFuture<Void> grown = CompletableFuture.runAsync(() -> device.grow(bytes), Thread.ofVirtual()::start);
        int blocks = blocks();
        do {
            burst(blocks);
        } while (!grown.isDone());
        grown.join();
        sizes.add(new Size(bytes, from, now()));
    }

    private boolean mayHave(long bytes, int time) {
        long least = sizes.stream().filter(size -> size.promised <= time).mapToLong(Size::bytes).max().orElse(0);
        return bytes >= least && sizes.stream().anyMatch(size -> size.bytes == bytes && size.from <= time);
    }

    private int now() {
        return store.recording().events().size();
    }

    long cutEverywhere(int operations) throws DiskException {
        for (int i = 0; i < operations; i++) {
            step();
        }
        device.close();
        return checkAllCuts();
    }

    void step() throws DiskException {
        int block = random.nextInt(blocks());
        boolean force = random.nextInt(8) == 0;
        switch (random.nextInt(12)) {
            case 0, 1, 2, 3, 4 -> {
                int from = random.nextInt(HEAD_SECTORS);
                write(block, from, 1 + random.nextInt(HEAD_SECTORS - from), force);
            }
            case 5 -> write(block, HEAD_SECTORS, 1, force);
            case 6 -> zero(block, force);
            case 7 -> zeroPart(block, random.nextInt(HEAD_SECTORS), force);
            case 8 -> discard(block);
            default -> {
                disk.flush();
                model.promiseAll(now());
            }
        }
    }

    private static long offset(int block, int sector) {
        return sector == HEAD_SECTORS ? (block + 1L) * MIB - 512 : (long) block * MIB + sector * 512L;
    }

    void write(int block, int from, int count, boolean force) throws DiskException {
        var data = new byte[count * 512];
        for (int i = 0; i < count; i++) {
            byte[] content = PowerCutModel.content(random);
            System.arraycopy(content, 0, data, i * 512, 512);
            model.write(block * SECTORS + from + i, content, now());
        }
        disk.write(offset(block, from), data, force);
        promise(block, from, count, force);
    }

    /// Several requests at once, none of them over another, on every block.
    void burst() throws DiskException {
        burst(BLOCKS);
    }

    private void burst(int blocks) throws DiskException {
        int submitted = now();
        int dropped = random.nextInt(2 * blocks);
        var ends = new ArrayList<CompletableFuture<IoStatus>>();
        for (int block = 0; block < blocks; block++) {
            long start = (long) block * MIB;
            if (block == dropped) {
                ends.add(submit(done -> new Request.Discard(start, MIB, done)));
                continue;
            }
            for (int sector = random.nextInt(4); sector < HEAD_SECTORS; sector += 1 + random.nextInt(5)) {
                byte[] content = PowerCutModel.content(random);
                model.write(block * SECTORS + sector, content, submitted);
                var data = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, content);
                long at = offset(block, sector);
                ends.add(submit(done -> new Request.Write(at, data, false, done)));
            }
            if (random.nextInt(3) == 0) {
                ends.add(submit(Request.Flush::new));
            }
        }
        ends.forEach(end -> assertThat(end.join()).isEqualTo(IoStatus.OK));
        if (dropped < blocks) {
            adopt(dropped, submitted);
        }
        if (random.nextBoolean()) {
            disk.flush();
            model.promiseAll(now());
        }
    }

    private CompletableFuture<IoStatus> submit(Function<Request.Completion, Request> make) {
        var ended = new CompletableFuture<IoStatus>();
        device.submit(make.apply((_, status) -> ended.complete(status)));
        return ended;
    }

    private void promise(int block, int from, int count, boolean force) {
        for (int i = 0; i < count && force; i++) {
            model.promise(block * SECTORS + from + i, now());
        }
    }

    private void zero(int block, boolean force) throws DiskException {
        for (int i = 0; i < SECTORS; i++) {
            model.write(block * SECTORS + i, new byte[512], now());
        }
        disk.await(done -> new Request.WriteZeroes((long) block * MIB, MIB, true, false, force, done));
        promise(block, 0, SECTORS, force);
    }

    private void zeroPart(int block, int sector, boolean force) throws DiskException {
        model.write(block * SECTORS + sector, new byte[512], now());
        disk.await(done -> new Request.WriteZeroes(offset(block, sector), 512, true, false, force, done));
        promise(block, sector, 1, force);
    }

    private void discard(int block) throws DiskException {
        int submitted = now();
        disk.discard((long) block * MIB, MIB);
        adopt(block, submitted);
    }

    /// What was discarded is as it was or zero, and we learn which.
    private void adopt(int block, int submitted) throws DiskException {
        byte[] found = view(disk);
        for (int i = block * SECTORS; i < (block + 1) * SECTORS; i++) {
            model.write(i, Arrays.copyOfRange(found, i * 512, i * 512 + 512), submitted);
        }
    }

    /// @return how many disks were looked at
    long checkAllCuts() throws DiskException {
        return checkAllCuts(SUBSETS_MAX);
    }

    long checkAllCuts(int subsetsMax) throws DiskException {
        long count = 0;
        for (int time = 0; time <= now(); time++) {
            Recording.Cut cut = store.recording().cut(time);
            for (Survival survival : Survival.choices(cut.unflushed(), subsetsMax, random)) {
                check(cut.disk(before, survival), time);
                count++;
            }
        }
        return count;
    }

    private void check(MemoryDevice found, int time) throws DiskException {
        try (VhdxDisk reopened = open(found, false)) {
            byte[] view = view(new Blocking(reopened));
            long size = reopened.geometry().sizeBytes();
            assertThat(mayHave(size, time)).as("seed %d, cut after event %d, of %d bytes", seed, time, size).isTrue();
            assertThat(model.complaint(view, time)).as("seed %d, cut after event %d", seed, time).isEmpty();
            assertThat(Arrays.equals(view, startedAs) && size == sizes.getFirst().bytes
                            || !reopened.layers().getFirst().content().equals(contentBefore))
                    .as("seed %d, cut after event %d: another content under the old identifier", seed, time)
                    .isTrue();
        }
    }

    /// What a cut at each moment may leave is repaired, and the power cut in the midst of that: it stays the disk that it was, also
    /// when the repair is begun again.
    ///
    /// @param everywhere whether each repair is cut at each of its moments, and not at one
    /// @return how many disks were looked at
    long repairAllCuts(boolean everywhere) throws DiskException {
        device.drain(Long.MAX_VALUE);
        long count = 0;
        for (int time = 0; time <= now(); time++) {
            MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(random));
            byte[] content = viewOf(found.copy());
            var repaired = new RecordingDevice(found.copy());
            repair(repaired);
            int again = random.nextInt(repaired.recording().events().size() + 1);
            for (int during = everywhere ? 0 : again; during <= (everywhere ? repaired.recording().events().size() : again); during++) {
                Recording.Cut cut = repaired.recording().cut(during);
                for (Survival survival : Survival.choices(cut.unflushed(), REPAIR_SUBSETS_MAX, random)) {
                    MemoryDevice left = cut.disk(found, survival);
                    assertThat(viewOf(left.copy())).as("seed %d, cut after event %d, and the repair after %d", seed, time, during).isEqualTo(content);
                    if (during == again) {
                        repairAgain(left, content, time);
                    }
                    count++;
                }
            }
        }
        return count;
    }

    private void repairAgain(MemoryDevice left, byte[] content, int time) throws DiskException {
        repair(left);
        assertThat(viewOf(left.copy())).as("seed %d, cut after event %d, repaired", seed, time).isEqualTo(content);
        check(left.copy(), time);
        assertThat(repair(left)).as("seed %d, cut after event %d, repaired twice", seed, time).isEmpty();
    }

    private List<String> repair(BlockDevice file) {
        return Repair.run(VhdxFile.of(file, "disk"), () -> new UUID(seed, guids.incrementAndGet()));
    }

    private byte[] viewOf(MemoryDevice file) throws DiskException {
        try (VhdxDisk opened = open(file, false)) {
            return view(new Blocking(opened));
        }
    }

    /// Goes on with what a cut at this moment has left.
    Life cutAndReopen(Random choice) throws DiskException {
        device.drain(Long.MAX_VALUE);
        int time = now();
        MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(choice));
        check(found.copy(), time);
        return new Life(choice.nextLong() >> 24, parent, found, device.geometry().sizeBytes());
    }
}
