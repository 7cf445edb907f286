package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class FaultyDeviceTest {
    private static final Fault NONE = new Fault.None();
    private static final byte[] DATA = Noise.of(1).bytes(4096);

    private final Deque<Fault> plan = new ArrayDeque<>();
    private final MemoryDevice lower = new MemoryDevice(ByteSize.ofMebibytes(1));
    private final FaultyDevice device = new FaultyDevice(lower, _ -> plan.isEmpty() ? NONE : plan.remove());
    private final Blocking disk = new Blocking(device);

    @Test
    void aFailedRequestDoesNothing() throws Exception {
        plan.add(new Fault.Fail(IoStatus.NO_SPACE));
        assertThatThrownBy(() -> disk.write(0, DATA)).hasMessageContaining("NO_SPACE");
        assertThat(disk.read(0, 4096)).containsOnly(0);
    }

    @Test
    void aTornWriteLeavesItsFirstBytesAndFails() throws Exception {
        plan.add(new Fault.Tear(1500));
        assertThatThrownBy(() -> disk.write(0, DATA)).hasMessageContaining("IO_ERROR");
        assertThat(disk.read(0, 4096)).isEqualTo(Arrays.copyOf(Arrays.copyOf(DATA, 1024), 4096));
    }

    @Test
    void aLostWriteSaysThatItWasDone() throws Exception {
        plan.add(new Fault.Lose());
        disk.write(0, DATA);
        assertThat(disk.read(0, 4096)).containsOnly(0);
    }

    @Test
    void aHeldRequestWaitsForItsRelease() throws Exception {
        plan.add(new Fault.Hold(Fault.WhenCancelled.STOPS, NONE));
        Submitted write = Submitted.write(device, 0, DATA);
        assertThat(write.isEnded()).isFalse();
        assertThat(device.held()).isEqualTo(1);
        assertThat(device.drain(System.nanoTime())).as("something is under way").isFalse();
        assertThat(disk.read(0, 4096)).containsOnly(0);
        device.release();
        assertThat(write.status()).isEqualTo(IoStatus.OK);
        assertThat(disk.read(0, 4096)).isEqualTo(DATA);
        assertThat(device.drain(System.nanoTime())).isTrue();
    }

    @Test
    void aHeldRequestThatIsCancelledNeverTakesEffect() throws Exception {
        plan.add(new Fault.Hold(Fault.WhenCancelled.STOPS, NONE));
        Submitted write = Submitted.write(device, 0, DATA);
        assertThat(device.cancel(write.request())).isEqualTo(BlockDevice.Cancellation.CANCELLED);
        assertThat(write.status()).isEqualTo(IoStatus.CANCELLED);
        device.release();
        assertThat(device.cancel(write.request())).isEqualTo(BlockDevice.Cancellation.DONE);
        assertThat(disk.read(0, 4096)).containsOnly(0);
    }

    @Test
    void aCancelThatComesTooLateSaysSoAndTheRequestTakesEffectLater() throws Exception {
        plan.add(new Fault.Hold(Fault.WhenCancelled.TOO_LATE, NONE));
        Submitted write = Submitted.write(device, 0, DATA);
        assertThat(device.cancel(write.request())).isEqualTo(BlockDevice.Cancellation.UNKNOWN);
        assertThat(write.isEnded()).isFalse();
        device.release();
        assertThat(write.status()).isEqualTo(IoStatus.OK);
        assertThat(disk.read(0, 4096)).isEqualTo(DATA);
    }

    @Test
    void ofTwoEqualRequestsTheOneNamedIsCancelled() {
        plan.add(new Fault.Hold(Fault.WhenCancelled.STOPS, NONE));
        plan.add(new Fault.Hold(Fault.WhenCancelled.STOPS, NONE));
        var ends = new ArrayList<IoStatus>();
        Request.Completion completion = (_, status) -> ends.add(status);
        var first = new Request.Flush(completion);
        var second = new Request.Flush(completion);
        device.submit(first);
        device.submit(second);
        assertThat(device.cancel(second)).isEqualTo(BlockDevice.Cancellation.CANCELLED);
        device.release();
        assertThat(ends).containsExactly(IoStatus.CANCELLED, IoStatus.OK);
    }

    @Test
    void closingReleasesWhatIsHeld() {
        plan.add(new Fault.Hold(Fault.WhenCancelled.STOPS, NONE));
        Submitted write = Submitted.write(device, 0, DATA);
        device.close();
        assertThat(write.status()).isEqualTo(IoStatus.OK);
    }

    @Test
    void aDelayedRequestIsDoneWhenItsTimeHasCome() throws Exception {
        var alarms = new ArrayList<Runnable>();
        var durations = new ArrayList<Duration>();
        var slow = new FaultyDevice(
                lower,
                _ -> new Fault.Delay(Duration.ofMillis(5), Fault.WhenCancelled.STOPS, NONE),
                (duration, action) -> {
                    durations.add(duration);
                    alarms.add(action);
                });
        Submitted one = Submitted.write(slow, 0, DATA);
        Submitted two = Submitted.write(slow, 4096, DATA);
        assertThat(slow.cancel(two.request())).isEqualTo(BlockDevice.Cancellation.CANCELLED);
        assertThat(one.isEnded()).isFalse();
        alarms.forEach(Runnable::run);
        assertThat(one.status()).isEqualTo(IoStatus.OK);
        assertThat(disk.read(0, 8192)).isEqualTo(Arrays.copyOf(DATA, 8192));
        assertThat(durations).containsOnly(Duration.ofMillis(5));
    }

    @Test
    void theWallClockAlarmRings() {
        var slow = new FaultyDevice(
                lower, _ -> new Fault.Delay(Duration.ofMillis(1), Fault.WhenCancelled.STOPS, NONE));
        assertThat(Submitted.write(slow, 0, DATA).status()).isEqualTo(IoStatus.OK);
    }

    @Test
    void aPlanFromASeedGivesTheSameFaultsAgain() {
        assertThat(endsUnder(7)).isEqualTo(endsUnder(7)).contains(IoStatus.OK, IoStatus.IO_ERROR);
    }

    private List<IoStatus> endsUnder(long seed) {
        var random = new Random(seed);
        var faulty = new FaultyDevice(
                lower, _ -> random.nextInt(4) == 0 ? new Fault.Fail(IoStatus.IO_ERROR) : NONE);
        var ends = new ArrayList<IoStatus>();
        for (int i = 0; i < 50; i++) {
            ends.add(Submitted.write(faulty, 0, DATA).status());
        }
        return ends;
    }

    /// Without faults it is a device like any other.
    @Nested
    class WithoutFaults extends BlockDeviceContract {
        @Override
        protected BlockDevice open() {
            return new FaultyDevice(new MemoryDevice(new ByteSize(SIZE)), _ -> NONE);
        }
    }

    /// Delays change nothing but the order.
    @Nested
    class WithDelays extends BlockDeviceContract {
        @Override
        protected BlockDevice open() {
            var random = new Random(1);
            return new FaultyDevice(new MemoryDevice(new ByteSize(SIZE)), _ -> random.nextBoolean()
                    ? NONE
                    : new Fault.Delay(
                            Duration.ofNanos(random.nextInt(200_000)), Fault.WhenCancelled.STOPS, NONE));
        }
    }
}
