package holdfast.disk;

import static holdfast.disk.ProvisionedSample.BLOCK;
import static holdfast.disk.ProvisionedSample.LONG;
import static holdfast.disk.ProvisionedSample.SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Alarm;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.Request;
import holdfast.block.Submitted;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A disk that arrives by itself while it is used.
@Timeout(60)
class FillingMeanwhileTest {
    private static final int MIB = 1 << 20;

    /// Rings when it is told to.
    private static final class ByHand implements Alarm {
        private final Deque<Runnable> actions = new ArrayDeque<>();
        private Duration last = Duration.ZERO;

        @Override
        public void after(Duration duration, Runnable action) {
            last = duration;
            actions.add(action);
        }

        /// @return how long was to be waited
        Duration ring() {
            Duration waited = last;
            actions.remove().run();
            return waited;
        }

        boolean isSet() {
            return !actions.isEmpty();
        }
    }

    @Test
    void piecesArriveWithPausesBetweenThemAndThenTheRepositoryIsLetGo() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(3 * MIB);
        SharedImage image = sample.shared();
        var alarm = new ByHand();
        try (ProvisionedDevice device = sample.open(image)) {
            device.fillMeanwhile(MIB / 4, alarm);
            device.fillMeanwhile(MIB / 4, alarm);
            alarm.ring();
            assertThat(image.bytesRead()).isEqualTo(MIB);
            assertThat(alarm.ring()).isEqualTo(Duration.ofSeconds(4));
            new Blocking(device).write(2 * MIB, Noise.of(5).bytes(MIB / 2));
            assertThat(alarm.ring()).isEqualTo(Duration.ofSeconds(4));
            assertThat(alarm.ring()).as("half of it was written, and did not come").isEqualTo(Duration.ofSeconds(2));
            assertThat(alarm.isSet()).isFalse();
            assertThat(device.presence().absentBytes()).isZero();
            while (!sample.hasArrived()) {
                Thread.onSpinWait();
            }
        }
        assertThat(image.bytesRead()).isEqualTo(2 * MIB + MIB / 2);
    }

    @Test
    void whoeverWaitsComesFirst() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(2 * MIB);
        var held = new FaultyDevice(sample.image(), request -> request instanceof Request.Read read && read.into().byteSize() == BLOCK
                ? new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None()) : new Fault.None());
        var image = new SharedImage(held);
        var alarm = new ByHand();
        try (ProvisionedDevice device = sample.open(image)) {
            Submitted waits = Submitted.to(device, done -> new Request.Read(MIB, Arena.ofAuto().allocate(BLOCK), done));
            while (held.held() == 0) {
                Thread.onSpinWait();
            }
            device.fillMeanwhile(0, alarm);
            alarm.ring();
            assertThat(image.bytesRead()).isEqualTo(BLOCK);
            held.release();
            waits.ended().join();
            while (alarm.isSet()) {
                alarm.ring();
            }
            assertThat(device.presence().absentBytes()).isZero();
        }
    }

    @Test
    void aRepositoryThatWasAwayIsAskedAgain() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(2 * MIB);
        SharedImage image = sample.shared();
        var alarm = new ByHand();
        try (ProvisionedDevice device = sample.open(image, SHORT)) {
            new Blocking(device).read(0, BLOCK);
            assertThat(device.drain(Long.MAX_VALUE)).isTrue();
            image.goAway();
            device.fillMeanwhile(0, alarm);
            alarm.ring();
            assertThat(device.presence().absentBytes()).isEqualTo(2 * MIB - BLOCK);
            image.comeBack(sample.image());
            while (alarm.isSet()) {
                alarm.ring();
            }
            assertThat(device.presence().absentBytes()).isZero();
        }
    }

    @Test
    void whatTheImageHasAsHolesIsNotFetched() throws Exception {
        var sparse = new MemoryDevice(new ByteSize(8 * MIB));
        new Blocking(sparse).write(5 * MIB, Noise.of(1).bytes(BLOCK));
        ProvisionedSample sample = ProvisionedSample.over(sparse);
        SharedImage image = sample.shared();
        var alarm = new ByHand();
        try (ProvisionedDevice device = sample.open(image)) {
            device.fillMeanwhile(1, alarm);
            while (alarm.isSet()) {
                alarm.ring();
            }
            assertThat(new Blocking(device).read(0, 8 * MIB)).isEqualTo(sample.content());
        }
        assertThat(image.bytesRead()).isEqualTo(MIB);
    }

    /// A machine's state belongs to its disks as they are when it is saved.
    @Test
    void aTellingOfItsContentAndTheEndOfTheDiskEndIt() throws Exception {
        for (boolean told : new boolean[] {true, false}) {
            ProvisionedSample sample = ProvisionedSample.of(2 * MIB);
            SharedImage image = sample.shared();
            var alarm = new ByHand();
            ProvisionedDevice device = sample.open(image);
            device.fillMeanwhile(1, alarm);
            alarm.ring();
            if (told) {
                var _ = device.identity();
            } else {
                device.close();
            }
            alarm.ring();
            assertThat(alarm.isSet()).isFalse();
            assertThat(image.bytesRead()).isEqualTo(MIB);
            device.close();
        }
    }

    @Test
    void whatMayNotBeWrittenStaysAsItIs() throws Exception {
        ProvisionedSample sample = ProvisionedSample.of(MIB);
        var alarm = new ByHand();
        var device = ProvisionedSample.open(new ReadOnlyView(sample.storage()), sample.descriptor(), sample.shared(), LONG);
        device.fillMeanwhile(0, alarm);
        assertThat(alarm.isSet()).isFalse();
    }
}
