package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class RecordingDeviceTest {
    private static final byte[] ONE = filled(1);
    private static final byte[] TWO = filled(2);

    private final MemoryDevice empty = new MemoryDevice(ByteSize.ofMebibytes(1));
    private final Deque<Fault> plan = new ArrayDeque<>();
    private final FaultyDevice faulty =
            new FaultyDevice(empty.copy(), _ -> plan.isEmpty() ? new Fault.None() : plan.remove());
    private final RecordingDevice device = new RecordingDevice(faulty);
    private final Blocking disk = new Blocking(device);

    private static byte[] filled(int value) {
        var bytes = new byte[512];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private byte[] after(int events, Survival survival) throws DiskException {
        return new Blocking(device.recording().cut(events).disk(empty, survival)).read(0, 1024);
    }

    @Test
    void whatWasNotFlushedMayBeLostAndWhatWasFlushedIsNot() throws Exception {
        disk.write(0, ONE);
        disk.flush();
        disk.write(512, TWO);
        assertThat(device.recording().events()).hasSize(6);
        // write, done, flush, done, write, done
        assertThat(after(0, Survival.everything())).containsOnly(0);
        assertThat(after(3, Survival.nothing())).as("flush not completed").containsOnly(0);
        assertThat(Arrays.copyOf(after(4, Survival.nothing()), 512)).isEqualTo(ONE);
        assertThat(Arrays.copyOfRange(after(6, Survival.nothing()), 512, 1024)).containsOnly(0);
        assertThat(Arrays.copyOfRange(after(6, Survival.everything()), 512, 1024)).isEqualTo(TWO);
        assertThat(Arrays.copyOfRange(after(5, Survival.everything()), 512, 1024))
                .as("even before it completed")
                .isEqualTo(TWO);
    }

    @Test
    void aFlushCoversOnlyWhatHadCompletedWhenItWasSubmitted() throws Exception {
        plan.add(new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None()));
        Submitted write = Submitted.write(device, 0, ONE);
        disk.flush();
        faulty.release();
        assertThat(write.status()).isEqualTo(IoStatus.OK);
        assertThat(device.recording().cut(4).unflushed()).isEqualTo(1);
        disk.flush();
        assertThat(device.recording().cut(6).unflushed()).isZero();
    }

    @Test
    void aFlushThatFailedCoversNothing() throws Exception {
        disk.write(0, ONE);
        plan.add(new Fault.Fail(IoStatus.IO_ERROR));
        assertThat(Submitted.to(device, Request.Flush::new).status()).isEqualTo(IoStatus.IO_ERROR);
        assertThat(device.recording().cut(4).unflushed()).isEqualTo(1);
    }

    @Test
    void forcedUnitAccessIsDurableWhenCompletedAndNotBefore() throws Exception {
        disk.write(0, ONE, true);
        assertThat(device.recording().cut(1).unflushed()).isEqualTo(1);
        assertThat(device.recording().cut(2).unflushed()).isZero();
    }

    @Test
    void anOlderWriteThatWasNotFlushedDoesNotComeBackOverANewerThatIsDurable() throws Exception {
        disk.write(0, ONE);
        disk.write(0, TWO, true);
        assertThat(Arrays.copyOf(after(4, Survival.everything()), 512)).isEqualTo(TWO);
    }

    @Test
    void everySubsetOfUnflushedWritesCanBeTheOneThatSurvives() throws Exception {
        disk.write(0, ONE);
        disk.write(512, ONE);
        disk.write(0, TWO);
        var seen = new TreeSet<String>();
        for (long bits = 0; bits < 8; bits++) {
            byte[] found = after(6, Survival.subset(bits));
            seen.add(found[0] + " " + found[512]);
        }
        assertThat(seen).containsExactly("0 0", "0 1", "1 0", "1 1", "2 0", "2 1");
    }

    @Test
    void aWriteOfManyBlocksCanBeTorn() throws Exception {
        byte[] whole = Noise.of(1).bytes(64 * 512);
        disk.write(0, whole);
        int torn = 0;
        for (int seed = 0; seed < 20; seed++) {
            var survival = Survival.random(new Random(seed));
            byte[] found =
                    new Blocking(device.recording().cut(2).disk(empty, survival)).read(0, whole.length);
            int survived = 0;
            for (int block = 0; block < 64; block++) {
                byte[] now = Arrays.copyOfRange(found, block * 512, block * 512 + 512);
                boolean there = Arrays.equals(now, Arrays.copyOfRange(whole, block * 512, block * 512 + 512));
                assertThat(there || Arrays.equals(now, new byte[512])).as("a block is never torn").isTrue();
                survived += there ? 1 : 0;
            }
            torn += survived > 0 && survived < 64 ? 1 : 0;
        }
        assertThat(torn).isPositive();
    }

    @Test
    void whatWasWrittenIsKeptAlthoughTheBufferChangesAfterwards() throws Exception {
        var buffer = Arena.ofAuto().allocate(512).fill((byte) 1);
        disk.write(0, buffer);
        buffer.fill((byte) 9);
        assertThat(Arrays.copyOf(after(2, Survival.everything()), 512)).isEqualTo(ONE);
    }

    @Test
    void zeroesAndDiscardsAreChangesToo() throws Exception {
        disk.write(0, ONE);
        disk.flush();
        disk.writeZeroes(0, 512);
        assertThat(Arrays.copyOf(after(6, Survival.nothing()), 512)).isEqualTo(ONE);
        assertThat(Arrays.copyOf(after(6, Survival.everything()), 512)).containsOnly(0);
    }

    @Nested
    class AsADevice extends BlockDeviceContract {
        @Override
        protected BlockDevice open() {
            return new RecordingDevice(new MemoryDevice(new ByteSize(SIZE)));
        }
    }
}
