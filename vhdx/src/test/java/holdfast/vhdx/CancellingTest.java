package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.block.BlockDevice.Cancellation;
import holdfast.block.Blocking;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What becomes of a request that is cancelled, by where it is: each answer is what happens then.
@Timeout(60)
class CancellingTest {
    private static final int MIB = 1 << 20;

    private volatile Predicate<Request> held = _ -> false;
    private final AtomicInteger flushes = new AtomicInteger();
    private Fault.WhenCancelled whenCancelled = Fault.WhenCancelled.STOPS;
    private FaultyDevice store;
    private VhdxDisk disk;

    /// Block 1 has its place, block 2 has none.
    @BeforeEach
    void open() throws Exception {
        Sample sample = Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(1, new byte[] {7});
        store = new FaultyDevice(sample.store(), request -> {
            flushes.addAndGet(request instanceof Request.Flush ? 1 : 0);
            return held.test(request) ? new Fault.Hold(whenCancelled, new Fault.None()) : new Fault.None();
        });
        disk = VhdxDisk.of(List.of(VhdxFile.of(store, "disk").replayed()), true, UUID::randomUUID);
        new Blocking(disk).write(MIB + 4096, new byte[512]);
    }

    @AfterEach
    void close() {
        release();
        disk.close();
    }

    private record Submitted(Request request, CompletableFuture<IoStatus> ended) {}

    private Submitted submit(Function<Request.Completion, Request> make) {
        var ended = new CompletableFuture<IoStatus>();
        Request request = make.apply((_, status) -> ended.complete(status));
        disk.submit(request);
        return new Submitted(request, ended);
    }

    private static MemorySegment buffer(int value) {
        return Arena.ofAuto().allocate(512).fill((byte) value);
    }

    private Submitted write(long offset, int value) {
        MemorySegment from = buffer(value);
        return submit(done -> new Request.Write(offset, from, false, done));
    }

    private void awaitHeld() {
        await().until(() -> store.held() == 1);
    }

    private void release() {
        held = _ -> false;
        store.release();
    }

    @Test
    void aRequestThatWaitsAtTheFileIsCancelledThere() throws Exception {
        held = request -> request instanceof Request.Read || request instanceof Request.Write;
        Submitted read = submit(done -> new Request.Read(MIB, buffer(0), done));
        Submitted write = write(MIB, 9);
        for (Submitted each : List.of(read, write)) {
            assertThat(disk.cancel(each.request)).isEqualTo(Cancellation.CANCELLED);
            assertThat(each.ended.join()).isEqualTo(IoStatus.CANCELLED);
            assertThat(disk.cancel(each.request)).isEqualTo(Cancellation.DONE);
        }
        release();
        assertThat(new Blocking(disk).read(MIB, 512)[0]).isEqualTo((byte) 7);
    }

    @Test
    void whatTheFileIsBusyWithMayTakeEffectAndIsAwaited() throws Exception {
        whenCancelled = Fault.WhenCancelled.TOO_LATE;
        held = request -> request instanceof Request.Write;
        Submitted write = write(MIB, 9);
        assertThat(disk.cancel(write.request)).isEqualTo(Cancellation.UNKNOWN);
        assertThat(write.ended).isNotDone();
        release();
        assertThat(write.ended.join()).isEqualTo(IoStatus.OK);
        assertThat(new Blocking(disk).read(MIB, 512)[0]).isEqualTo((byte) 9);
    }

    @Test
    void aReadInPiecesMayFillItsBuffer() {
        held = request -> request instanceof Request.Read;
        MemorySegment into = Arena.ofAuto().allocate(8192);
        Submitted read = submit(done -> new Request.Read(MIB - 4096, into, done));
        awaitHeld();
        assertThat(disk.cancel(read.request)).isEqualTo(Cancellation.UNKNOWN);
        release();
        assertThat(read.ended.join()).isEqualTo(IoStatus.OK);
    }

    @Test
    void aWriteThatWaitsForItsBlockIsCancelledAndTheOneThatHasItIsNot() throws Exception {
        held = request -> request instanceof Request.Write write && write.offset() > Sample.BAT_OFFSET;
        Submitted first = write(2 * MIB, 1);
        awaitHeld();
        assertThat(disk.identity()).isPresent();
        int before = flushes.get();
        Submitted second = write(2 * MIB + 512, 2);
        await("it has a new identifier written before").until(() -> flushes.get() == before + 2);
        assertThat(disk.cancel(first.request)).isEqualTo(Cancellation.UNKNOWN);
        assertThat(disk.cancel(second.request)).isEqualTo(Cancellation.CANCELLED);
        assertThat(second.ended.join()).isEqualTo(IoStatus.CANCELLED);
        release();
        assertThat(first.ended.join()).isEqualTo(IoStatus.OK);
        disk.drain(Long.MAX_VALUE);
        new Blocking(disk).write(2 * MIB + 4096, new byte[512]); // has had the block after it
        assertThat(new Blocking(disk).read(2 * MIB, 512)).containsOnly(1);
        assertThat(new Blocking(disk).read(2 * MIB + 512, 512)).containsOnly(0);
    }

    @Test
    void aFlushThatWaitsForAnotherIsCancelled() {
        held = request -> request instanceof Request.Flush;
        Submitted first = submit(Request.Flush::new);
        awaitHeld();
        Submitted second = submit(Request.Flush::new);
        assertThat(disk.cancel(second.request)).isEqualTo(Cancellation.CANCELLED);
        assertThat(disk.cancel(first.request)).isEqualTo(Cancellation.UNKNOWN);
        release();
        assertThat(first.ended.join()).isEqualTo(IoStatus.OK);
        assertThat(second.ended.join()).isEqualTo(IoStatus.CANCELLED);
    }
}
