package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

class VirtioShareTest {
    private static final byte[] REQUEST = {11, 0, 0, 0, 8, 1, 0, 1, 2, 3, 4};

    private final VirtioRig rig = new VirtioRig();
    private final HeldShare port = new HeldShare();
    private final VirtioPci function = rig.plug(new VirtioShare("9p", rig.memory, new DirectGate(), new ShareSpec("home", port)));
    private final GuestDriver driver = new GuestDriver(rig, 1).start();
    private final long answer = rig.allocate(64, 8);

    private void ask() {
        long at = rig.allocate(64, 8);
        rig.write(at, REQUEST);
        driver.queue(0).send(Part.out(at, REQUEST.length), Part.in(answer, 64));
    }

    @Test
    void theConfigurationHasTheTag() {
        byte[] tag = new byte[6];
        for (int i = 0; i < tag.length; i++) {
            tag[i] = (byte) driver.deviceConfig(i, 1);
        }
        assertThat(tag).containsExactly(4, 0, 'h', 'o', 'm', 'e');
    }

    @Test
    void aRequestGoesOutAndItsAnswerComesBack() {
        ask();
        assertThat(port.waiting()).isEqualTo(1);
        port.releaseAll();
        assertThat(driver.queue(0).taken().length()).isEqualTo(REQUEST.length);
        assertThat(rig.read(answer, REQUEST.length)).containsExactly(REQUEST);
    }

    @Test
    void afterAResetNothingOfBeforeReachesTheGuestAndTheServerLetsGo() {
        int resets = port.resets();
        ask();
        driver.status(0);
        assertThat(driver.status()).as("it waits for the server").isNotZero();
        port.releaseAll();
        assertThat(driver.status()).isZero();
        assertThat(port.resets()).isEqualTo(resets + 1);
        assertThat(rig.read(answer, REQUEST.length)).containsOnly(0);
    }

    @Test
    void aMessageThatIsNoneStopsTheDevice() {
        driver.queue(0).send(Part.out(rig.allocate(64, 8), 3), Part.in(answer, 64));
        assertThat(driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
        assertThat(port.waiting()).isZero();
    }

    @Test
    void whatIsInUseIsNotSaved() {
        port.use(true);
        assertThatThrownBy(() -> VirtioRig.saved(function)).isInstanceOf(UncheckedIOException.class).hasMessageContaining("in use");
        port.use(false);
        VirtioRig.restore(function, VirtioRig.saved(function));
        ask();
        port.releaseAll();
        assertThat(driver.queue(0).taken().length()).isEqualTo(REQUEST.length);
    }
}
