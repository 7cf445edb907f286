package holdfast.machine;

import holdfast.block.BlockDevice;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Block device (virtio 1.2, §5.2) over a [BlockDevice].
///
/// Data passes through buffers of the host, so that threads of the disk never touch guest memory: a write is copied when
/// the driver's notification is served, a read when its completion has come through the gate. At most [#JOBS_MAX]
/// requests and about [#BUFFER_BYTES_MAX] of data are under way; what is beyond stays in the queue.
final class VirtioBlock extends VirtioDevice {
    static final int TYPE = 2;
    static final int QUEUES_MAX = 16;

    private static final System.Logger LOG = System.getLogger(VirtioBlock.class.getName());
    private static final int QUEUE_SIZE = 256;
    private static final int JOBS_MAX = 64;
    private static final long BUFFER_BYTES_MAX = 64L << 20;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    /// Kinds of events, the first byte of their payload: a completion (tag, status, data read), a new size.
    private static final byte EVENT_COMPLETION = 0;
    private static final byte EVENT_SIZE = 1;
    private static final int COMPLETION_BYTES = 6;
    /// A completion's status beside those of [BlockCommand]: it did nothing and is to be issued again.
    private static final int CANCELLED = 3;

    private final PhysicalMemory memory;
    private final BlockDevice disk;
    private final byte[] serial;
    private final int queues;
    /// Never more than the disk takes without blocking.
    private final int jobsMax;
    private final EventGate.Input input;
    /// By tag, in the order in which they were taken.
    private final TreeMap<Integer, BlockJob> jobs = new TreeMap<>();
    private int nextTag;
    private long bufferBytes;
    private int stalledQueue = -1;
    private long sizeBytes;
    private boolean writeback = true;

    VirtioBlock(String name, PhysicalMemory memory, EventGate gate, DiskSpec spec, int queues) {
        super(name, TYPE, BlockConfig.features(spec.device().geometry(), queues), memory, sizes(queues));
        this.memory = memory;
        this.disk = spec.device();
        this.serial = Arrays.copyOf(spec.serial().getBytes(StandardCharsets.US_ASCII), BlockConfig.ID_BYTES);
        this.queues = queues;
        this.jobsMax = Math.min(JOBS_MAX, disk.geometry().queueDepth());
        this.sizeBytes = disk.geometry().sizeBytes();
        this.input = register(gate, this::event);
    }

    private static int[] sizes(int queues) {
        if (queues < 1 || queues > QUEUES_MAX) {
            throw new IllegalArgumentException("a disk has 1.." + QUEUES_MAX + " queues, not " + queues);
        }
        int[] sizes = new int[queues];
        Arrays.fill(sizes, QUEUE_SIZE);
        return sizes;
    }

    /// Tells the guest the size that the disk has now. Any thread.
    void resized() {
        long size = disk.geometry().sizeBytes();
        input.offer(ByteBuffer.allocate(9).put(EVENT_SIZE).putLong(size).array());
    }

    // ---- configuration ----

    @Override
    byte[] config() {
        return BlockConfig.bytes(disk.geometry(), sizeBytes / BlockCommand.SECTOR_BYTES, writeback, queues);
    }

    @Override
    void configStore(int offset, int bytes, int value) {
        if (offset == BlockConfig.WRITEBACK && bytes == 1 && negotiated(BlockConfig.CONFIG_WCE)) {
            writeback = (value & 1) != 0;
        }
    }

    /// Whether a write must survive a power cut when it is completed: a driver that cannot flush relies on it (§5.2.6.2).
    private boolean writeThrough() {
        return negotiated(BlockConfig.CONFIG_WCE) ? !writeback : !negotiated(BlockConfig.FLUSH);
    }

    // ---- from the driver ----

    @Override
    boolean serve(Virtqueue queue) throws GuestError {
        for (int taken = 0; taken < BATCH; taken++) {
            if (jobs.size() >= jobsMax || bufferBytes >= BUFFER_BYTES_MAX) {
                stalledQueue = stalledQueue < 0 ? queue.index() : stalledQueue;
                return false;
            }
            Chain chain = queue.pop();
            if (chain == null) {
                return false;
            }
            start(queue, chain);
        }
        return true;
    }

    private void start(Virtqueue queue, Chain chain) throws GuestError {
        BlockCommand command = BlockCommand.parse(chain);
        switch (command.type()) {
            case BlockCommand.IN -> transfer(queue, chain, command, BlockOperation.Kind.READ, command.dataIn());
            case BlockCommand.OUT -> transfer(queue, chain, command, BlockOperation.Kind.WRITE, command.dataOut());
            case BlockCommand.FLUSH ->
                issue(queue, chain, new BlockOperation(BlockOperation.Kind.FLUSH, 0, 0, false, false));
            case BlockCommand.GET_ID -> identify(queue, chain, command);
            case BlockCommand.DISCARD -> range(queue, chain, command, BlockOperation.Kind.DISCARD, 0);
            case BlockCommand.WRITE_ZEROES ->
                range(queue, chain, command, BlockOperation.Kind.WRITE_ZEROES, BlockCommand.Range.UNMAP);
            default -> finish(queue, chain, BlockCommand.UNSUPP, 0);
        }
    }

    private void transfer(Virtqueue queue, Chain chain, BlockCommand command, BlockOperation.Kind kind, long bytes)
            throws GuestError {
        boolean writes = kind == BlockOperation.Kind.WRITE;
        boolean refused = bytes > BlockConfig.DATA_BYTES_MAX
                || !inside(command.sector(), bytes)
                || writes && disk.geometry().readOnly();
        if (refused) {
            finish(queue, chain, BlockCommand.IOERR, 0);
        } else if (bytes == 0) {
            finish(queue, chain, BlockCommand.OK, 0);
        } else {
            long offset = command.sector() * BlockCommand.SECTOR_BYTES;
            issue(queue, chain, new BlockOperation(kind, offset, bytes, writes && writeThrough(), false));
        }
    }

    private void range(Virtqueue queue, Chain chain, BlockCommand command, BlockOperation.Kind kind, int knownFlags)
            throws GuestError {
        boolean offered = kind == BlockOperation.Kind.DISCARD
                ? (offered() & BlockConfig.DISCARD) != 0
                : (offered() & BlockConfig.WRITE_ZEROES) != 0;
        if (!offered || command.dataOut() != BlockCommand.RANGE_BYTES) {
            finish(queue, chain, offered ? BlockCommand.IOERR : BlockCommand.UNSUPP, 0);
            return;
        }
        BlockCommand.Range range = BlockCommand.Range.parse(chain);
        long bytes = range.sectors() * BlockCommand.SECTOR_BYTES;
        if ((range.flags() & ~knownFlags) != 0) {
            finish(queue, chain, BlockCommand.UNSUPP, 0);
        } else if (range.sectors() > BlockConfig.RANGE_SECTORS_MAX || !inside(range.sector(), bytes)) {
            finish(queue, chain, BlockCommand.IOERR, 0);
        } else {
            long offset = range.sector() * BlockCommand.SECTOR_BYTES;
            boolean unmap = (range.flags() & BlockCommand.Range.UNMAP) != 0;
            boolean durable = kind == BlockOperation.Kind.WRITE_ZEROES && writeThrough();
            issue(queue, chain, new BlockOperation(kind, offset, bytes, durable, unmap));
        }
    }

    /// Whether a range of whole logical blocks lies on the disk.
    private boolean inside(long sector, long bytes) {
        long block = disk.geometry().logicalBlockBytes();
        boolean within = sector >= 0 && sector <= sizeBytes / BlockCommand.SECTOR_BYTES;
        long offset = within ? sector * BlockCommand.SECTOR_BYTES : 0;
        return within && bytes <= sizeBytes - offset && ((offset | bytes) & block - 1) == 0;
    }

    private void identify(Virtqueue queue, Chain chain, BlockCommand command) throws GuestError {
        int length = (int) Math.min(command.dataIn(), serial.length);
        chain.write(0, serial, 0, length);
        finish(queue, chain, BlockCommand.OK, length);
    }

    // ---- to the disk and back ----

    private void issue(Virtqueue queue, Chain chain, BlockOperation operation) throws GuestError {
        BlockJob job = new BlockJob(nextTag++, queue.index(), chain, operation, buffer(operation));
        fill(job);
        add(job);
        submit(job);
    }

    private static void fill(BlockJob job) throws GuestError {
        if (job.operation().kind() == BlockOperation.Kind.WRITE) {
            job.chain().read(BlockCommand.HEADER_BYTES, job.buffer());
        }
    }

    private static MemorySegment buffer(BlockOperation operation) {
        return operation.dataBytes() == 0
                ? MemorySegment.NULL
                : Arena.ofAuto().allocate(operation.dataBytes(), Long.BYTES);
    }

    private void add(BlockJob job) {
        jobs.put(job.tag(), job);
        bufferBytes += job.operation().dataBytes();
    }

    private void remove(BlockJob job) {
        jobs.remove(job.tag());
        bufferBytes -= job.operation().dataBytes();
    }

    private void submit(BlockJob job) {
        EventGate.Expected expected = input.expect();
        Request request = job.operation()
                .request(job.buffer(), (_, status) -> expected.complete(completion(job, status)));
        job.issued(request);
        owe(() -> disk.submit(request));
    }

    /// On a thread of the disk.
    private static byte[] completion(BlockJob job, IoStatus status) {
        int code = switch (status) {
            case OK -> BlockCommand.OK;
            case UNSUPPORTED -> BlockCommand.UNSUPP;
            case CANCELLED -> job.cancelled() ? CANCELLED : BlockCommand.IOERR;
            case IO_ERROR, NO_SPACE, READ_ONLY, OUT_OF_RANGE, FENCED -> BlockCommand.IOERR;
        };
        boolean data = code == BlockCommand.OK && job.operation().kind() == BlockOperation.Kind.READ;
        byte[] payload = new byte[COMPLETION_BYTES + (data ? job.operation().dataBytes() : 0)];
        ByteBuffer.wrap(payload).put(EVENT_COMPLETION).putInt(job.tag()).put((byte) code);
        if (data) {
            MemorySegment.copy(
                    job.buffer(), ValueLayout.JAVA_BYTE, 0, payload, COMPLETION_BYTES, payload.length - COMPLETION_BYTES);
        }
        return payload;
    }

    private void event(byte[] payload) throws GuestError {
        ByteBuffer fields = ByteBuffer.wrap(payload);
        if (fields.get() == EVENT_SIZE) {
            sizeBytes = fields.getLong();
            configChanged();
            return;
        }
        @Nullable BlockJob job = jobs.get(fields.getInt());
        if (job == null) {
            return; // of a machine that was reset since
        }
        int status = fields.get();
        if (status == CANCELLED && !job.orphan()) {
            job.hold();
            if (!paused()) {
                submit(job);
            }
            return;
        }
        complete(job, status, payload);
    }

    private void complete(BlockJob job, int status, byte[] payload) throws GuestError {
        remove(job);
        if (!job.orphan() && live()) {
            int read = payload.length - COMPLETION_BYTES;
            job.chain().write(0, payload, COMPLETION_BYTES, read);
            finish(queue(job.queue()), job.chain(), status, read);
        }
        serveStalled();
    }

    /// Goes on where too much was under way, each queue in its turn.
    private void serveStalled() throws GuestError {
        if (stalledQueue < 0 || !running()) {
            return;
        }
        int first = stalledQueue;
        stalledQueue = -1;
        for (int i = 0; i < queues; i++) {
            Virtqueue queue = queue((first + i) % queues);
            while (queue.enabled() && serve(queue)) {
                // As long as there is room; what comes of it is owed to the outbox.
            }
        }
    }

    /// @param data bytes written before the status
    private static void finish(Virtqueue queue, Chain chain, int status, int data) throws GuestError {
        long at = chain.writableBytes() - 1;
        chain.write(at, new byte[] {(byte) status}, 0, 1);
        // The driver may count on so many bytes from the start of the buffer; an error leaves a gap before its status.
        queue.push(chain, at == data ? data + 1 : data);
    }

    /// A completion must not submit what it has made room for: a thread of its own does.
    @Override
    void flushAfterEvent(Outbox owed) {
        if (owed.pending()) {
            Thread.startVirtualThread(owed::flush);
        }
    }

    // ---- reset, pause, state ----

    @Override
    void stopped() {
        stalledQueue = -1;
        writeback = true;
        disown(List.copyOf(jobs.values()));
    }

    @Override
    void stopped(Virtqueue queue) {
        disown(jobs.values().stream().filter(job -> job.queue() == queue.index()).toList());
    }

    private void disown(List<BlockJob> abandoned) {
        abandoned.forEach(BlockJob::disown);
        abandoned.stream().filter(BlockJob::held).forEach(this::remove);
    }

    /// The disk has nothing any more, and what the gate still holds of it is thrown away.
    @Override
    void poweredOn() {
        jobs.clear();
        bufferBytes = 0;
    }

    @Override
    boolean busy() {
        return !jobs.isEmpty();
    }

    @Override
    boolean busy(Virtqueue queue) {
        return jobs.values().stream().anyMatch(job -> job.orphan() && job.queue() == queue.index());
    }

    /// Waits for the disk, and after a while cancels what it has not begun. What it is busy with it must finish, however
    /// long that takes: nobody knows whether it will take effect.
    @Override
    void quiesce() {
        boolean interrupted = Thread.interrupted();
        if (!disk.drain(System.nanoTime() + PATIENCE_NANOS)) {
            cancelAll();
            while (!disk.drain(System.nanoTime() + 5 * PATIENCE_NANOS)) {
                interrupted |= Thread.interrupted();
                LOG.log(System.Logger.Level.WARNING, () -> name() + ": waiting for the disk to finish its requests");
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void cancelAll() {
        lock().lock();
        List<Request> requests;
        try {
            requests = jobs.values().stream().map(BlockJob::cancel).filter(Objects::nonNull).toList();
        } finally {
            lock().unlock();
        }
        requests.forEach(disk::cancel);
    }

    @Override
    void awaken() throws GuestError {
        for (BlockJob job : jobs.values().stream().filter(BlockJob::held).toList()) {
            fill(job);
            submit(job);
        }
    }

    @Override
    void saveDevice(StateWriter out) throws IOException {
        out.writeLong(sizeBytes);
        out.writeBoolean(writeback);
        out.writeInt(stalledQueue);
        out.writeInt(nextTag);
        List<BlockJob> kept = jobs.values().stream().filter(job -> !job.orphan()).toList();
        out.writeInt(kept.size());
        for (BlockJob job : kept) {
            job.save(out);
        }
    }

    @Override
    void restoreDevice(StateReader in) throws IOException {
        sizeBytes = in.readLong();
        writeback = in.readBoolean();
        stalledQueue = in.readInt();
        nextTag = in.readInt();
        poweredOn();
        int count = in.readInt();
        if (count < 0 || count > JOBS_MAX || stalledQueue >= queues || sizeBytes > disk.geometry().sizeBytes()) {
            throw new IOException(name() + " was saved with another disk");
        }
        for (int i = 0; i < count; i++) {
            restoreJob(in);
        }
    }

    private void restoreJob(StateReader in) throws IOException {
        int tag = in.readInt();
        int queue = in.readInt();
        Chain chain = Chain.restore(memory, in);
        BlockOperation operation = BlockOperation.restore(in);
        if (queue < 0 || queue >= queues || chain.writableBytes() < 1) {
            throw new IOException("a saved disk request is malformed");
        }
        BlockJob job = new BlockJob(tag, queue, chain, operation, buffer(operation));
        job.hold();
        add(job);
    }
}
