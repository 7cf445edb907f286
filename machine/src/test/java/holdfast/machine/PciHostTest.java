package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.riscv.BusFault;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PciHostTest {
    private final VirtioRig rig = new VirtioRig();

    @BeforeEach
    void plugFiveDevices() {
        for (int i = 0; i < 5; i++) {
            rig.plug(new VirtioRng("rng" + i, rig.memory, new DirectGate(), EntropyPort.seeded(i)));
        }
    }

    @Test
    void functionsAreFoundByTheirIds() {
        assertThat(rig.config(0, 0, 4)).isEqualTo(0x0008_1b36);
        assertThat(rig.config(0, 0x0a, 2)).isEqualTo(0x0600);
        assertThat(rig.config(1, 0, 4)).isEqualTo(0x1044_1af4);
        assertThat(rig.config(1, 8, 1)).as("revision: modern only").isEqualTo(1);
        assertThat(rig.config(1, 0x0e, 1)).as("header type").isZero();
        assertThat(rig.config(1, 0x3d, 1)).as("interrupt pin").isEqualTo(1);
    }

    @Test
    void whereNobodyAnswersEverythingReadsAsOnes() throws BusFault {
        assertThat(rig.config(9, 0, 4)).isEqualTo(-1);
        assertThat(rig.config(9, 0, 2)).isEqualTo(0xffff);
        assertThat(rig.pci.ecam().load(1 << 20, 4)).as("bus 1").isEqualTo(0xffff_ffffL);
        assertThat(rig.pci.ecam().load(1 << 15 | 1 << 12, 4)).as("function 1").isEqualTo(0xffff_ffffL);
        assertThat(rig.window(AddressMap.PCI_MMIO + 0x123450, 8)).isEqualTo(-1L);
        rig.config(9, 4, 2, 7);
        rig.window(AddressMap.PCI_MMIO + 0x123450, 8, 0);
    }

    @Test
    void aBarTellsItsSizeAndKeepsItsAddress() {
        rig.config(1, PciConfig.BAR, 4, -1);
        assertThat(rig.config(1, PciConfig.BAR, 4)).isEqualTo(-VirtioPci.BAR_BYTES);
        rig.config(1, PciConfig.BAR + 4, 4, -1);
        assertThat(rig.config(1, PciConfig.BAR + 4, 4)).as("BAR 1 does not exist").isZero();
        rig.config(1, PciConfig.BAR, 4, 0x4123_4567);
        assertThat(rig.config(1, PciConfig.BAR, 4)).isEqualTo(0x4123_4000);
    }

    @Test
    void aBarIsDecodedOnlyWhileMemoryIsEnabledAndFollowsItsAddress() {
        long first = AddressMap.PCI_MMIO + 0x10_0000;
        long second = AddressMap.PCI_MMIO + 0x20_0000;
        rig.config(1, PciConfig.BAR, 4, (int) first);
        assertThat(rig.window(first + 0x10, 4)).isEqualTo(0xffff_ffffL);
        rig.config(1, PciConfig.COMMAND, 2, 2);
        assertThat(rig.window(first + 0x10, 4)).as("one queue, no vector").isEqualTo(0x1_ffffL);
        rig.config(1, PciConfig.BAR, 4, (int) second);
        assertThat(rig.window(first + 0x10, 4)).isEqualTo(0xffff_ffffL);
        assertThat(rig.window(second + 0x10, 4)).isEqualTo(0x1_ffffL);
        rig.config(1, PciConfig.COMMAND, 2, 0);
        assertThat(rig.window(second + 0x10, 4)).isEqualTo(0xffff_ffffL);
    }

    @Test
    void anEightByteAccessIsTwoOfFour() throws BusFault {
        assertThat(rig.pci.ecam().load(1 << 15, 8))
                .isEqualTo(Integer.toUnsignedLong(rig.config(1, 0, 4)) | (long) rig.config(1, 4, 4) << 32);
    }

    @Test
    void commandKeepsOnlyTheBitsThatExist() {
        rig.config(1, PciConfig.COMMAND, 2, 0xffff);
        assertThat(rig.config(1, PciConfig.COMMAND, 2)).isEqualTo(0x0546);
        rig.config(1, 0, 4, 0);
        assertThat(rig.config(1, 0, 4)).as("ids are read-only").isEqualTo(0x1044_1af4);
    }

    @Test
    void interruptsAreSwizzledOverFourWiresAndSharedByWiredOr() {
        var one = new GuestDriver(rig, 1).start();
        var five = new GuestDriver(rig, 5).start();
        long buffer = rig.allocate(64, 8);
        one.queue(0).send(GuestDriver.GuestQueue.Part.in(buffer, 8));
        five.queue(0).send(GuestDriver.GuestQueue.Part.in(buffer, 8));
        assertThat(rig.wires.get(1).level()).isTrue();
        assertThat(rig.wires.get(0).level()).isFalse();
        assertThat(one.interruptStatus()).isEqualTo(1);
        assertThat(rig.wires.get(1).level()).as("slot 5 still pulls").isTrue();
        assertThat(five.interruptStatus()).isEqualTo(1);
        assertThat(rig.wires.get(1).level()).isFalse();
        assertThat(rig.wires.get(1).rises()).isEqualTo(1);
    }

    @Test
    void intxDisableSilencesTheWireButNotTheStatus() {
        var driver = new GuestDriver(rig, 2).start();
        rig.config(2, PciConfig.COMMAND, 2, 6 | 1 << 10);
        driver.queue(0).send(GuestDriver.GuestQueue.Part.in(rig.allocate(64, 8), 8));
        assertThat(driver.wire().level()).isFalse();
        assertThat(rig.config(2, 6, 2) & 8).isEqualTo(8);
        rig.config(2, PciConfig.COMMAND, 2, 6);
        assertThat(driver.wire().level()).isTrue();
    }

    /// Whatever is written into configuration space, nothing is thrown, the ids stay, and the device works once its
    /// registers are set again.
    @Test
    void garbageInConfigurationSpaceIsHarmless() {
        var random = new Random(20);
        for (int i = 0; i < 200_000; i++) {
            int slot = random.nextInt(7);
            int bytes = 1 << random.nextInt(3);
            int offset = random.nextInt(random.nextInt(8) == 0 ? 4096 : 256) & -bytes;
            if (random.nextBoolean()) {
                rig.config(slot, offset, bytes, random.nextInt());
            } else {
                rig.config(slot, offset, bytes);
            }
            if (i % 1000 == 0) {
                rig.window(AddressMap.PCI_MMIO + (random.nextInt() & 0x3fff_fff8L), 4, random.nextInt());
            }
        }
        for (int slot = 1; slot <= 5; slot++) {
            assertThat(rig.config(slot, 0, 4)).isEqualTo(0x1044_1af4);
            var driver = new GuestDriver(rig, slot, AddressMap.PCI_MMIO + slot * 0x10_0000L).start();
            driver.queue(0).send(GuestDriver.GuestQueue.Part.in(rig.allocate(64, 8), 8));
            assertThat(driver.queue(0).taken().length()).isEqualTo(8);
        }
    }
}
