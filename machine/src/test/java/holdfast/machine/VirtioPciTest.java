package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The transport, seen by a driver of the simplest device there is.
class VirtioPciTest {
    private static final int RUNNING =
            VirtioDevice.ACKNOWLEDGE | VirtioDevice.DRIVER | VirtioDevice.FEATURES_OK | VirtioDevice.DRIVER_OK;

    private final VirtioRig rig = new VirtioRig();
    private final VirtioPci function =
            rig.plug(new VirtioRng("rng", rig.memory, new DirectGate(), EntropyPort.seeded(1)));
    private final GuestDriver driver = new GuestDriver(rig, 1);

    private long buffer() {
        return rig.allocate(4096, 8);
    }

    private void works() {
        driver.start();
        driver.queue(0).send(Part.in(buffer(), 16));
        assertThat(driver.queue(0).taken().length()).isEqualTo(16);
        assertThat(driver.interrupt()).isEqualTo(1);
    }

    @Test
    void everyRegionIsFoundThroughACapability() {
        for (int type = 1; type <= 5; type++) {
            int at = driver.capability(type);
            assertThat(rig.config(1, at + 2, 1)).isGreaterThanOrEqualTo(16);
            assertThat(rig.config(1, at + 4, 1)).as("BAR").isZero();
        }
        assertThat(rig.config(1, 6, 2) & 0x10).as("status: there are capabilities").isEqualTo(0x10);
    }

    @Test
    void aDriverThatTakesOnlyWhatIsOfferedIsAccepted() {
        assertThat(driver.offered() & VirtioDevice.VERSION_1).isNotZero();
        assertThat(driver.negotiate(VirtioDevice.VERSION_1)).isTrue();
        assertThat(driver.negotiate(driver.offered())).isTrue();
    }

    @Test
    void aDriverThatTakesMoreOrIsLegacyIsRefused() {
        assertThat(driver.negotiate(driver.offered() | 1L << 35)).isFalse();
        assertThat(driver.negotiate(driver.offered() & ~VirtioDevice.VERSION_1)).isFalse();
    }

    @Test
    void startingWithoutFeaturesAgreedOnNeedsAReset() {
        driver.status(0);
        driver.status(VirtioDevice.ACKNOWLEDGE | VirtioDevice.DRIVER | VirtioDevice.DRIVER_OK);
        assertThat(driver.status()).isEqualTo(VirtioDevice.ACKNOWLEDGE | VirtioDevice.DRIVER | VirtioDevice.NEEDS_RESET);
        works();
    }

    @Test
    void featuresDoNotChangeOnceAgreedOn() {
        driver.start();
        driver.accept(0);
        driver.common(VirtioCommonConfig.DRIVER_FEATURE_SELECT, 4, 1);
        assertThat(driver.common(VirtioCommonConfig.DRIVER_FEATURE, 4) & 1).isEqualTo(1);
    }

    @Test
    void featureWordsBeyondTheSecondAreZero() {
        driver.common(VirtioCommonConfig.DEVICE_FEATURE_SELECT, 4, 2);
        assertThat(driver.common(VirtioCommonConfig.DEVICE_FEATURE, 4)).isZero();
    }

    @Test
    void aQueueThatDoesNotExistHasSizeZero() {
        driver.common(VirtioCommonConfig.QUEUE_SELECT, 2, 1);
        assertThat(driver.common(VirtioCommonConfig.QUEUE_SIZE, 2)).isZero();
        driver.common(VirtioCommonConfig.QUEUE_ENABLE, 2, 1);
        driver.notifyQueue(500);
        works();
    }

    @Test
    void aQueueTakesOnlyPowersOfTwoUpToItsMaximum() {
        driver.negotiate(driver.offered());
        driver.common(VirtioCommonConfig.QUEUE_SELECT, 2, 0);
        int max = driver.common(VirtioCommonConfig.QUEUE_SIZE, 2);
        for (int refused : new int[] {0, 3, 2 * max, 65535}) {
            driver.common(VirtioCommonConfig.QUEUE_SIZE, 2, refused);
            assertThat(driver.common(VirtioCommonConfig.QUEUE_SIZE, 2)).isEqualTo(max);
        }
        driver.common(VirtioCommonConfig.QUEUE_SIZE, 2, 8);
        assertThat(driver.common(VirtioCommonConfig.QUEUE_SIZE, 2)).isEqualTo(8);
    }

    @Test
    void nothingIsServedBeforeTheDriverIsReadyAndEverythingThen() {
        driver.negotiate(driver.offered());
        var queue = driver.newQueue(0);
        queue.send(Part.in(buffer(), 8));
        assertThat(queue.take()).isNull();
        driver.ready();
        assertThat(queue.taken().length()).isEqualTo(8);
    }

    @Test
    void registersTakeOnlyTheirOwnWidth() {
        driver.start();
        driver.common(VirtioCommonConfig.STATUS, 2, 0);
        driver.common(VirtioCommonConfig.STATUS, 4, 0);
        driver.common(VirtioCommonConfig.QUEUE_SELECT, 1, 7);
        assertThat(driver.status()).isEqualTo(RUNNING);
        assertThat(driver.common(VirtioCommonConfig.QUEUE_SELECT, 2)).isZero();
    }

    /// Negative control "interrupt delivered twice": one completion is one rise of the wire, and after the driver has read
    /// why, the wire stays low.
    @Test
    void aCompletionInterruptsExactlyOnce() {
        driver.start();
        driver.queue(0).send(Part.in(buffer(), 8));
        assertThat(driver.wire().level()).isTrue();
        assertThat(driver.wire().rises()).isEqualTo(1);
        assertThat(driver.interruptStatus()).isEqualTo(1);
        assertThat(driver.interruptStatus()).as("reading takes it back").isZero();
        assertThat(driver.wire().level()).isFalse();
        driver.queue(0).kick();
        driver.queue(0).kick();
        function.pause();
        function.resume();
        assertThat(driver.wire().rises()).as("nothing new was used").isEqualTo(1);
        driver.queue(0).interruptAfter(1);
        driver.queue(0).send(Part.in(buffer(), 8));
        assertThat(driver.wire().rises()).isEqualTo(2);
    }

    @Test
    void aResetTakesTheInterruptBack() {
        driver.start();
        driver.queue(0).send(Part.in(buffer(), 8));
        driver.status(0);
        assertThat(driver.wire().level()).isFalse();
        assertThat(driver.status()).isZero();
        works();
    }

    @Test
    void withoutBusMasteringMemoryIsNotTouched() {
        driver.start();
        rig.config(1, PciConfig.COMMAND, 2, 2);
        driver.queue(0).send(Part.in(buffer(), 8));
        assertThat(driver.queue(0).take()).isNull();
        rig.config(1, PciConfig.COMMAND, 2, 6);
        assertThat(driver.queue(0).taken().length()).isEqualTo(8);
    }

    @Test
    void firmwareReachesTheBarThroughConfigurationSpace() {
        int access = driver.capability(5);
        rig.config(1, access + 4, 1, 0);
        rig.config(1, access + 8, 4, VirtioPci.COMMON + VirtioCommonConfig.STATUS);
        rig.config(1, access + 12, 4, 1);
        rig.config(1, access + 16, 1, VirtioDevice.ACKNOWLEDGE);
        assertThat(driver.status()).isEqualTo(VirtioDevice.ACKNOWLEDGE);
        assertThat(rig.config(1, access + 16, 1)).isEqualTo(VirtioDevice.ACKNOWLEDGE);
        rig.config(1, access + 8, 4, VirtioPci.BAR_BYTES);
        rig.config(1, access + 16, 1, 0);
        assertThat(driver.status()).as("outside the BAR nothing is written").isEqualTo(VirtioDevice.ACKNOWLEDGE);
    }

    @Test
    void oneQueueCanBeResetAndUsedAgain() {
        driver.start();
        driver.queue(0).send(Part.in(buffer(), 8));
        driver.common(VirtioCommonConfig.QUEUE_SELECT, 2, 0);
        driver.common(VirtioCommonConfig.QUEUE_RESET, 2, 1);
        assertThat(driver.common(VirtioCommonConfig.QUEUE_RESET, 2)).as("complete").isZero();
        assertThat(driver.common(VirtioCommonConfig.QUEUE_ENABLE, 2)).isZero();
        assertThat(driver.status()).as("the device goes on").isEqualTo(RUNNING);
        var again = driver.newQueue(0);
        again.send(Part.in(buffer(), 24));
        assertThat(again.taken().length()).isEqualTo(24);
    }

    @Test
    void aQueueOutsideRamOrMisalignedNeedsAReset() {
        for (long bad : new long[] {0, 0x1000, VirtioRig.RAM + VirtioRig.RAM_BYTES - 16, -16, VirtioRig.RAM + 8}) {
            driver.negotiate(driver.offered());
            driver.common(VirtioCommonConfig.QUEUE_SELECT, 2, 0);
            for (int register : new int[] {0x20, 0x28, 0x30}) {
                driver.common(register, 4, (int) bad);
                driver.common(register + 4, 4, (int) (bad >>> 32));
            }
            driver.common(VirtioCommonConfig.QUEUE_ENABLE, 2, 1);
            assertThat(driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
        }
        works();
    }

    @Test
    void theMachinesResetIsAsPowerOn() {
        function.reset();
        byte[] fresh = VirtioRig.saved(function);
        function.resume();
        var again = new GuestDriver(rig, 1).start();
        again.queue(0).send(Part.in(buffer(), 8));
        function.reset();
        assertThat(VirtioRig.saved(function)).isEqualTo(fresh);
        assertThat(driver.wire().level()).isFalse();
        function.resume();
    }

    @Test
    void aSavedDeviceGoesOnInAnotherMachine() {
        driver.start();
        driver.queue(0).send(Part.in(buffer(), 8));
        function.pause();
        byte[] record = VirtioRig.saved(function);

        var other = new VirtioRng("rng", rig.memory, new DirectGate(), EntropyPort.seeded(2));
        var host = new PciHost(List.of(rig.wires.get(3), rig.wires.get(2), rig.wires.get(1), rig.wires.get(0)), 0);
        var restored = new VirtioPci(host, 1, other);
        restored.reset();
        VirtioRig.restore(restored, record);
        assertThat(VirtioRig.saved(restored)).isEqualTo(record);
        assertThat(rig.wires.get(2).level()).as("its interrupt is pending there").isTrue();
        assertThat(restored.barAddress()).isEqualTo(driver.bar);
        restored.resume();
        driver.queue(0).add(Part.in(buffer(), 8));
        restored.barStore(VirtioPci.NOTIFY, 2, 0);
        driver.queue(0).taken();
        assertThat(driver.queue(0).taken().length()).isEqualTo(8);
    }

    @Test
    void aPauseIsInvisibleToTheGuest() {
        driver.start();
        driver.queue(0).add(Part.in(buffer(), 8));
        function.pause();
        function.resume();
        assertThat(driver.queue(0).take()).as("the driver has not notified yet").isNull();
        driver.queue(0).kick();
        assertThat(driver.queue(0).taken().length()).isEqualTo(8);
    }
}
