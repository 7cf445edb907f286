package holdfast.machine;

import holdfast.testkit.Needs;
import holdfast.testkit.Peer;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// Debian's OpenSBI in M-mode, and U-Boot over it and over our own SBI.
@Needs({"/usr/lib/riscv64-linux-gnu/opensbi", "/usr/lib/u-boot/qemu-riscv64_smode"})
class RealFirmwareTest {
    private static final Path OPENSBI = Path.of("generic");

    private static Path openSbi(String file) {
        return Peer.path("/usr/lib/riscv64-linux-gnu/opensbi").resolve(OPENSBI).resolve(file);
    }

    private static Path uBoot(String file) {
        return Peer.path("/usr/lib/u-boot/qemu-riscv64_smode").resolve(file);
    }

    private static void reachesThePromptAndSwitchesOff(Firmware firmware, Path kernel, SchedulingMode mode)
            throws InterruptedException {
        ConsoleCapture console = new ConsoleCapture();
        MachineConfig config = MachineConfig.builder()
                .harts(2)
                .firmware(firmware)
                .kernel(kernel)
                .mode(mode)
                .console(console)
                .build();
        try (VirtualMachine machine = new VirtualMachine(config)) {
            machine.start();
            wait(console, "autoboot");
            console.type("\n");
            wait(console, "=> ");
            console.type("version\n");
            wait(console, "U-Boot 20");
            console.type("poweroff\n");
            Awaitility.await().atMost(Duration.ofMinutes(2)).until(() -> machine.state() == Machine.State.HALTED);
        }
    }

    private static void wait(ConsoleCapture console, String text) {
        Awaitility.await().atMost(Duration.ofMinutes(2)).until(() -> console.text().contains(text));
    }

    @Test
    void uBootRunsOverDebiansOpenSbi() throws InterruptedException {
        Firmware firmware = new Firmware.File(openSbi("fw_jump.elf"));
        reachesThePromptAndSwitchesOff(firmware, uBoot("u-boot.bin"), SchedulingMode.PARALLEL);
    }

    @Test
    void uBootRunsOverOpenSbisDynamicFirmwareDeterministically() throws InterruptedException {
        Firmware firmware = new Firmware.File(openSbi("fw_dynamic.bin"));
        reachesThePromptAndSwitchesOff(firmware, uBoot("uboot.elf"), SchedulingMode.DETERMINISTIC);
    }

    @Test
    void uBootRunsOverTheBuiltInSbi() throws InterruptedException {
        reachesThePromptAndSwitchesOff(new Firmware.BuiltIn(), uBoot("uboot.elf"), SchedulingMode.PARALLEL);
    }
}
