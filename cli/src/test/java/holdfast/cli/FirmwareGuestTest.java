package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import holdfast.image.Image;
import holdfast.image.ImageStore;
import holdfast.testkit.Needs;
import holdfast.testkit.Peer;
import holdfast.testkit.Program;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Debian's OpenSBI and U-Boot as the firmware of a whole guest, through the program.
@Tag("system")
@Timeout(300)
class FirmwareGuestTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"fw_dynamic.bin", "fw_jump.elf"})
    @Needs("/usr/lib/riscv64-linux-gnu/opensbi")
    void tinyBootsOverOpenSbi(String file) throws Exception {
        Path firmware = Peer.path("/usr/lib/riscv64-linux-gnu/opensbi").resolve("generic").resolve(file);
        Ended ended = Holdfast.run(
                "run", "--firmware", firmware.toString(), "--cpus", "2", "--exec", "nproc; dmesg | grep -o 'SBI implementation ID=0x1 '");
        assertThat(ended.out()).as(ended.err()).isEqualTo("2\nSBI implementation ID=0x1 \n");
        assertThat(ended.exitCode()).isZero();
    }

    @Test
    @Needs({"/usr/lib/u-boot/qemu-riscv64_smode", "mke2fs"})
    void uBootLoadsTinyFromADisk() throws Exception {
        Holdfast.run("run", "--exec", "true"); // builds tiny
        Image tiny = ImageStore.open(Holdfast.home(), Clock.systemUTC()).find("tiny").orElseThrow();
        Path disk = bootDisk(tiny);
        String script = "\nvirtio scan\n"
                + "load virtio 0:0 ${kernel_addr_r} /Image\n"
                + "load virtio 0:0 ${ramdisk_addr_r} /initrd\n"
                + "setenv bootargs 'panic=-1 TERM=dumb " + tiny.append() + "'\n"
                + "booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}\n"
                + "echo $((6 * 7)) from the guest; poweroff\n";
        Ended ended = Holdfast.run(
                script.getBytes(StandardCharsets.UTF_8),
                "run", "--kernel", Peer.path("/usr/lib/u-boot/qemu-riscv64_smode").resolve("uboot.elf").toString(),
                "--disk", disk + ",ro");
        assertThat(ended.out()).contains("U-Boot 20", "Starting kernel", "Linux is up", "42 from the guest", "Power down");
        assertThat(ended.exitCode()).isZero();
    }

    private Path bootDisk(Image tiny) throws Exception {
        Path content = Files.createDirectory(directory.resolve("content"));
        Files.copy(Objects.requireNonNull(tiny.kernel()), content.resolve("Image"));
        Files.copy(Objects.requireNonNull(tiny.initrd()), content.resolve("initrd"));
        Path disk = directory.resolve("boot.raw");
        Program.output("mke2fs", "-q", "-t", "ext4", "-d", content, disk, "96M");
        return disk;
    }
}
