package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class VirtioRngTest {
    private final VirtioRig rig = new VirtioRig();

    private GuestDriver start(EntropyPort entropy) {
        rig.plug(new VirtioRng("rng", rig.memory, new DirectGate(), entropy));
        return new GuestDriver(rig, 1).start();
    }

    @Test
    void theBufferHoldsWhatThePortGives() {
        var driver = start(bytes -> Arrays.fill(bytes, (byte) 0x37));
        long at = rig.allocate(64, 8);
        driver.queue(0).send(Part.in(at, 40));
        assertThat(driver.queue(0).taken().length()).isEqualTo(40);
        assertThat(rig.read(at, 40)).containsOnly(0x37);
        assertThat(rig.read(at + 40, 24)).containsOnly(0);
    }

    @Test
    void aGreedyRequestIsGivenPart() {
        var driver = start(EntropyPort.seeded(1));
        driver.queue(0).send(Part.in(rig.allocate(1 << 20, 8), 1 << 20));
        assertThat(driver.queue(0).taken().length()).isEqualTo(VirtioRng.REQUEST_BYTES_MAX);
    }

    @Test
    void aBufferWithNothingToWriteComesBackEmpty() {
        var driver = start(EntropyPort.seeded(1));
        driver.queue(0).send(Part.out(rig.allocate(64, 8), 64));
        assertThat(driver.queue(0).taken().length()).isZero();
    }
}
