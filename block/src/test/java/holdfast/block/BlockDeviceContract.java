package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What every block device that can be written owes its callers; a test class of a device extends it.
public abstract class BlockDeviceContract {
    public static final long SIZE = 4 << 20;

    private BlockDevice device;
    private Blocking disk;

    /// A writable device of [#SIZE] bytes that reads as zeros.
    protected abstract BlockDevice open() throws Exception;

    @BeforeEach
    void openDevice() throws Exception {
        device = open();
        disk = new Blocking(device);
    }

    @AfterEach
    void closeDevice() {
        device.close();
    }

    protected final BlockDevice device() {
        return device;
    }

    protected final Blocking disk() {
        return disk;
    }

    @Test
    void readsBackWhatWasWrittenAndZerosElsewhere() throws Exception {
        byte[] data = Noise.of(1).bytes(3 * 512);
        disk.write(512, data);
        assertThat(disk.read(512, data.length)).isEqualTo(data);
        assertThat(disk.read(0, 512)).containsOnly(0);
        assertThat(disk.read(4 * 512, 512)).containsOnly(0);
    }

    @Test
    void theLastBlockCanBeWrittenAndReadAndNothingPastIt() throws Exception {
        byte[] data = Noise.of(2).bytes(512);
        disk.write(SIZE - 512, data, true);
        assertThat(disk.read(SIZE - 512, 512)).isEqualTo(data);
        assertThatThrownBy(() -> disk.write(SIZE, data)).hasMessageContaining("OUT_OF_RANGE");
        assertThatThrownBy(() -> disk.read(SIZE - 512, 1024)).hasMessageContaining("OUT_OF_RANGE");
    }

    @Test
    void nothingIsReadOrWrittenForALengthOfZero() throws Exception {
        disk.write(0, new byte[0]);
        disk.discard(512, 0);
        disk.writeZeroes(SIZE, 0);
        assertThat(disk.read(0, 0)).isEmpty();
    }

    @Test
    void zeroedRangesReadAsZerosAndTheirNeighboursStay() throws Exception {
        byte[] data = Noise.of(3).bytes(1 << 20);
        disk.write(0, data);
        disk.writeZeroes(512, 300_032);
        Arrays.fill(data, 512, 512 + 300_032, (byte) 0);
        assertThat(disk.read(0, data.length)).isEqualTo(data);
    }

    @Test
    void discardedRangesReadAsTheyWereOrAsZeros() throws Exception {
        byte[] data = Noise.of(4).bytes(256 << 10);
        disk.write(0, data);
        disk.discard(1024, 200_192);
        byte[] now = disk.read(0, data.length);
        for (int i = 0; i < now.length; i++) {
            boolean discarded = i >= 1024 && i < 1024 + 200_192;
            assertThat(now[i] == data[i] || discarded && now[i] == 0).as("byte %d", i).isTrue();
        }
        assertThat(disk.read(0, data.length)).as("does not change again").isEqualTo(now);
    }

    @Test
    void extentsCoverTheRangeInOrderAndNeverCallDataZero() throws Exception {
        byte[] data = Noise.of(5).bytes(64 << 10);
        disk.write(1 << 20, data);
        disk.write(3 << 20, data);
        List<Extent> extents = disk.extents(512, SIZE - 512);
        long at = 512;
        for (Extent extent : extents) {
            assertThat(extent.offset()).isEqualTo(at);
            at = extent.end();
            if (extent.readsZero()) {
                assertThat(disk.read(extent.offset(), (int) extent.length())).containsOnly(0);
            }
        }
        assertThat(at).isEqualTo(SIZE);
    }

    @Test
    void everyRequestIsCompletedOnceAlsoWhenManyThreadsSubmit() throws Exception {
        int threads = 4;
        int each = 500;
        var completions = new AtomicInteger();
        var all = new CountDownLatch(threads * each);
        var workers = new ArrayList<Thread>();
        for (int t = 0; t < threads; t++) {
            var random = new Random(t);
            workers.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < each; i++) {
                    device.submit(anyRequest(random, (_, _) -> {
                        completions.incrementAndGet();
                        all.countDown();
                    }));
                }
            }));
        }
        for (Thread worker : workers) {
            worker.join();
        }
        assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(device.drain(System.nanoTime() + TimeUnit.SECONDS.toNanos(60))).isTrue();
        assertThat(completions).hasValue(threads * each);
    }

    private static Request anyRequest(Random random, Request.Completion completion) {
        long offset = random.nextInt((int) SIZE / 512 - 64) * 512L;
        long length = (1 + random.nextInt(64)) * 512L;
        MemorySegment buffer = Arena.ofAuto().allocate(length);
        return switch (random.nextInt(10)) {
            case 0, 1, 2, 3 -> new Request.Read(offset, buffer, completion);
            case 4, 5, 6 -> new Request.Write(offset, buffer.fill((byte) random.nextInt()), random.nextInt(20) == 0, completion);
            case 7 -> new Request.WriteZeroes(offset, length, random.nextBoolean(), false, false, completion);
            case 8 -> new Request.Discard(offset, length, completion);
            default -> random.nextInt(5) == 0
                    ? new Request.Flush(completion)
                    : new Request.Extents(offset, length, _ -> {}, completion);
        };
    }

    @Test
    void aCompletedRequestCannotBeCancelled() throws Exception {
        var done = new CountDownLatch(1);
        var request = new Request.Flush((_, _) -> done.countDown());
        device.submit(request);
        done.await();
        device.drain(System.nanoTime() + TimeUnit.SECONDS.toNanos(60));
        assertThat(device.cancel(request)).isEqualTo(BlockDevice.Cancellation.DONE);
    }

    @Test
    void nothingCanBeSubmittedAfterClosingAndClosingTwiceIsHarmless() {
        device.close();
        device.close();
        assertThatThrownBy(() -> disk.flush()).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void behavesAsAnArrayOfBytes(long seed) throws Exception {
        new ArrayModel(disk, (int) SIZE, seed).run(400);
    }
}
