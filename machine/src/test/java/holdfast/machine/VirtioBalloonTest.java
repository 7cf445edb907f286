package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VirtioBalloonTest {
    private record Released(long offset, long bytes) {}

    private final VirtioRig rig = new VirtioRig();
    private final List<Released> released = new ArrayList<>();
    private final VirtioBalloon balloon = new VirtioBalloon(
            "balloon", rig.memory, new DirectGate(), (offset, bytes) -> released.add(new Released(offset, bytes)));
    private final VirtioPci function = rig.plug(balloon);
    private final GuestDriver driver = new GuestDriver(rig, 1).start();

    private void inflate(int... pages) {
        long at = rig.allocate(4L * pages.length, 4);
        for (int i = 0; i < pages.length; i++) {
            rig.store(at + 4L * i, 4, pages[i]);
        }
        driver.queue(VirtioBalloon.INFLATE).send(Part.out(at, 4 * pages.length));
    }

    private static final int FIRST = (int) (VirtioRig.RAM >>> 12);

    @Test
    void theTargetIsAChangeOfConfiguration() {
        balloon.target(10 << 20);
        assertThat(driver.interrupt()).isEqualTo(2);
        assertThat(driver.deviceConfig(0, 4)).isEqualTo(2560);
        driver.deviceConfig(VirtioBalloon.CONFIG_ACTUAL, 4, 2000);
        assertThat(balloon.actualBytes()).isEqualTo(2000 * 4096L);
        assertThatThrownBy(() -> balloon.target(VirtioRig.RAM_BYTES + 4096)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void inflatedPagesGoBackInRuns() {
        inflate(FIRST + 5, FIRST + 6, FIRST + 7, FIRST + 100, FIRST + 50, FIRST + 51);
        assertThat(released)
                .containsExactly(
                        new Released(5 * 4096, 3 * 4096), new Released(100 * 4096, 4096), new Released(50 * 4096, 2 * 4096));
        driver.queue(VirtioBalloon.INFLATE).taken();
    }

    @Test
    void deflatingOnlyGivesTheBufferBack() {
        driver.queue(VirtioBalloon.DEFLATE).send(Part.out(rig.allocate(16, 4), 16));
        driver.queue(VirtioBalloon.DEFLATE).taken();
        assertThat(released).isEmpty();
    }

    @Test
    void aPageOutsideRamNeedsAReset() {
        inflate(FIRST, 17);
        assertThat(driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
        driver.start();
        inflate(-1);
        assertThat(driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
    }

    @Test
    void reportedMemoryGoesBackButNeverPartOfAPageThatWasNotReported() {
        long at = rig.allocate(64 << 10, 4096);
        driver.queue(VirtioBalloon.REPORTING).send(Part.in(at, 16 << 10), Part.in(at + (32 << 10) + 100, 8192));
        assertThat(released)
                .containsExactly(
                        new Released(at - VirtioRig.RAM, 16 << 10),
                        new Released(at - VirtioRig.RAM + (36 << 10), 4096));
        assertThat(driver.queue(VirtioBalloon.REPORTING).taken().length()).isZero();
    }

    @Test
    void reportedMemoryThatIsPoisonedKeepsItsContent() {
        driver.deviceConfig(VirtioBalloon.CONFIG_POISON, 4, 0xaaaa_aaaa);
        driver.queue(VirtioBalloon.REPORTING).send(Part.in(rig.allocate(8192, 4096), 8192));
        assertThat(released).isEmpty();
        driver.queue(VirtioBalloon.REPORTING).taken();
    }

    private void statistics(int tag, long value) {
        long at = rig.allocate(10, 2);
        rig.store(at, 2, tag);
        rig.store(at + 2, 8, value);
        driver.queue(VirtioBalloon.STATISTICS).send(Part.out(at, 10));
    }

    @Test
    void statisticsAreToldWhenAskedFor() {
        List<Map<MemoryStatistic, Long>> heard = new ArrayList<>();
        balloon.listen(heard::add);
        statistics(4, 1000);
        assertThat(driver.queue(VirtioBalloon.STATISTICS).take()).as("the device keeps the buffer").isNull();
        assertThat(balloon.statistics()).containsExactly(Map.entry(MemoryStatistic.FREE, 1000L));
        balloon.askStatistics();
        driver.queue(VirtioBalloon.STATISTICS).taken();
        balloon.askStatistics();
        assertThat(driver.queue(VirtioBalloon.STATISTICS).take()).as("there is none to give back").isNull();
        statistics(5, 2000);
        statistics(99, 1);
        assertThat(heard)
                .containsExactly(Map.of(MemoryStatistic.FREE, 1000L), Map.of(MemoryStatistic.TOTAL, 2000L), Map.of());
    }

    @Test
    void theStateSurvivesASave() {
        balloon.target(1 << 20);
        statistics(4, 1);
        function.pause();
        byte[] record = VirtioRig.saved(function);
        function.reset();
        VirtioRig.restore(function, record);
        assertThat(VirtioRig.saved(function)).isEqualTo(record);
        function.resume();
        balloon.askStatistics();
        driver.queue(VirtioBalloon.STATISTICS).taken();
        assertThat(driver.deviceConfig(0, 4)).isEqualTo(256);
    }
}
