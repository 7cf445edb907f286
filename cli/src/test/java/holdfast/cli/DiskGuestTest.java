package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.cli.Holdfast.Ended;
import holdfast.image.Image;
import holdfast.image.ImageStore;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Guests that write to disks which are kept, and saved with them, through the program.
@Tag("system")
@Timeout(300)
@Needs("mke2fs")
class DiskGuestTest {
    private static final String IMAGE = "disk-test";
    private static final String KEPT = "disk-test-kept";
    private static final String ON_IMAGE = "mount -t ext4 /dev/vda /mnt; ";

    @TempDir
    Path directory;

    /// An image that boots as tiny does, and has an empty ext4 as its disk.
    private void importImage() throws Exception {
        importImage(ext4("image.raw"));
    }

    private void importImage(Path disk) throws Exception {
        Image tiny = tiny();
        Ended ended = Holdfast.run(
                "image", "import", IMAGE, "--disk", disk.toString(),
                "--kernel", Objects.requireNonNull(tiny.kernel()).toString(),
                "--initrd", Objects.requireNonNull(tiny.initrd()).toString(),
                "--append", tiny.append());
        assertThat(ended.exitCode()).as(ended.err()).isZero();
    }

    private static Image tiny() throws Exception {
        ImageStore store = ImageStore.open(Holdfast.home(), Clock.systemUTC());
        if (store.find("tiny").isEmpty()) {
            Holdfast.run("image", "build", "tiny");
        }
        return store.find("tiny").orElseThrow();
    }

    private Path ext4(String name) throws Exception {
        Path file = directory.resolve(name);
        Files.write(file, new byte[24 << 20]);
        Program.output("mke2fs", "-q", "-t", "ext4", "-F", file);
        return file;
    }

    @AfterEach
    void removes() throws Exception {
        ImageStore store = ImageStore.open(Holdfast.home(), Clock.systemUTC());
        for (String name : List.of(IMAGE, KEPT)) {
            if (store.find(name).isPresent()) {
                store.remove(name);
            }
        }
    }

    /// @param args of a command about disks needs no process of its own
    private static String succeeds(String... args) throws IOException, InterruptedException {
        if (args[0].equals("disk")) {
            Invocation done = Invocation.of(args);
            assertThat(done.exitCode()).as(done.err()).isZero();
            return done.out();
        }
        Ended ended = Holdfast.run(args);
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return ended.out();
    }

    @Test
    @Tag("long")
    void aKeptDiskIsAnImageWithWhatTheGuestWroteAndTheFirstImageIsAsItWas() throws Exception {
        importImage();
        String sum = succeeds("run", IMAGE, "--keep", KEPT, "--exec",
                ON_IMAGE + "head -c 3000000 /dev/urandom >/mnt/file && sha256sum </mnt/file");
        assertThat(succeeds("run", KEPT, "--exec", ON_IMAGE + "sha256sum </mnt/file; rm /mnt/file; sync")).isEqualTo(sum);
        assertThat(succeeds("run", KEPT, "--exec", ON_IMAGE + "sha256sum </mnt/file")).isEqualTo(sum);
        assertThat(succeeds("run", IMAGE, "--exec", ON_IMAGE + "ls /mnt")).isEqualTo("lost+found\n");
    }

    /// What it trims comes back to the host while it runs on.
    @Test
    void aGuestWritesToAVhdxDiskAndItsTrimsMakeTheFileSmaller() throws Exception {
        Path raw = ext4("user.raw");
        Path base = directory.resolve("base.vhdx");
        succeeds("disk", "convert", raw.toString(), base.toString());
        Path child = directory.resolve("child.vhdx");
        succeeds("disk", "create", child.toString(), "--parent", base.toString());
        String mount = "mkdir /tmp/user; mount -t ext4 /dev/vda /tmp/user; ";
        Path grows = ext4("grows.raw");
        try (var guest = new GuestShell(directory.resolve("errors"), "--disk", child.toString(), "--disk", grows.toString())) {
            assertThat(guest.run("cat /sys/block/vdb/size")).isEqualTo("49152");
            succeeds("disk", "resize", grows.toString(), "--size", "32M");
            guest.run(untilLarge("vdb"));
            guest.run(mount + "head -c 12000000 /dev/urandom >/tmp/user/big; head -c 3000000 /dev/urandom >/tmp/user/kept; sync");
            guest.run("sha256sum </tmp/user/kept >/tmp/user/sum; sync");
            long full = Program.allocatedBytes(child);
            assertThat(full).isGreaterThan(15_000_000);
            guest.run("rm /tmp/user/big; sync; fstrim /tmp/user");
            await("space comes back").atMost(60, TimeUnit.SECONDS).until(() -> Program.allocatedBytes(child) < full - 8_000_000);
            assertThat(succeeds("disk", "info", child.toString())).contains("differencing", "open in            process " + guest.process().pid());
            assertThat(succeeds("disk", "map", child.toString()).lines()).hasSizeGreaterThan(1);
            succeeds("disk", "resize", child.toString(), "--size", "32M");
            guest.run(untilLarge("vda"));
            assertThat(guest.run("tail -c 8388608 /dev/vda | tr -d '\\000' | wc -c")).isEqualTo("0");
            guest.run("echo grown | dd of=/dev/vda bs=512 seek=65000 conv=sync 2>/dev/null; umount /tmp/user; sync");
        }
        assertThat(succeeds("disk", "check", child.toString())).contains("child.vhdx: no damage found");
        assertThat(succeeds("run", "--disk", child + ",ro", "--exec",
                "mkdir /tmp/user; mount -t ext4 -o ro,noload /dev/vda /tmp/user; sha256sum </tmp/user/kept | diff - /tmp/user/sum && ls /tmp/user; "
                        + "dd if=/dev/vda bs=512 skip=65000 count=1 2>/dev/null | head -n 1"))
                .isEqualTo("kept\nlost+found\nsum\ngrown\n");
    }

    /// Until a disk of the guest's has 32 MiB.
    private static String untilLarge(String name) {
        return "i=0; until [ $(cat /sys/block/" + name + "/size) = 65536 ]; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done";
    }

    @Test
    void aGuestReadsAVhdxDisk() throws Exception {
        Path raw = ext4("user.raw");
        Path vhdx = directory.resolve("user.vhdx");
        succeeds("disk", "convert", raw.toString(), vhdx.toString());
        assertThat(succeeds("run", "--disk", raw + ",ro", "--disk", vhdx + ",ro", "--exec", "cmp /dev/vda /dev/vdb && cat /sys/block/vdb/ro"))
                .isEqualTo("1\n");
    }

    @Test
    void aGuestSeesZerosWhereItsDiskHasNotBeenInitialized() throws Exception {
        Path lun = directory.resolve("lun");
        var leavings = new byte[8 << 20];
        Arrays.fill(leavings, (byte) 0xdb);
        Files.write(lun, leavings);
        Path mapping = directory.resolve("disk.holdfast");
        succeeds("disk", "create", mapping.toString(), "--map", lun.toString());
        String[] said = succeeds("run", "--disk", mapping.toString(), "--initialize", "1K", "--exec",
                "tr -d '\\000' </dev/vda | wc -c; for at in 3 700 1500; do head -c 5000 /dev/urandom | dd of=/dev/vda bs=4096 seek=$at 2>/dev/null; done; "
                        + "sync; sha256sum </dev/vda").split("\n", -1);
        assertThat(said[0]).isEqualTo("0");
        // The first 4 MiB by the initialiser, before its first pause, and one block by the guest's last write.
        assertThat(succeeds("disk", "info", mapping.toString())).contains("to be initialized  3.00 MiB");
        succeeds("disk", "initialize", mapping.toString());
        assertThat(Program.output("sh", "-c", "sha256sum <" + lun)).isEqualTo(said[1] + "\n");
    }

    /// A machine with both kinds of disks, saved in the middle of its work by a signal.
    private Path saved(Path userDisk) throws Exception {
        Path state = directory.resolve("state");
        Path log = directory.resolve("errors");
        try (var guest = new GuestShell(log, IMAGE, "--disk", userDisk.toString(), "--save-on-exit", state.toString())) {
            guest.run("mkdir /tmp/user; mount -t ext4 /dev/vda /mnt; mount -t ext4 /dev/vdb /tmp/user");
            // Not synced: part of it is in the guest's memory when it is saved.
            guest.run("for d in /mnt /tmp/user; do head -c 2000000 /dev/urandom >$d/file; done; sha256sum /mnt/file /tmp/user/file >/tmp/sums");
            guest.process().toHandle().destroy(); // its standard input stays open: the guest goes on
            assertThat(guest.process().waitFor(100, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(Files.readString(log)).contains("saved; go on with");
        return state;
    }

    private static Ended restore(Path state, String command) throws Exception {
        var words = new ArrayList<>(Arrays.asList("run", "--restore", state.toString(), "--exec", command));
        return Holdfast.run(words.toArray(String[]::new));
    }

    @Test
    void aMachineIsSavedWithItsDisksAndRefusedWithOthers() throws Exception {
        importImage();
        Path user = ext4("user.raw");
        Path state = saved(user);
        Path copy = Files.copy(user, directory.resolve("copy.raw"));
        // The image's disk was saved beside the state, whatever else is run from the image.
        String check = "sha256sum -c /tmp/sums && echo 3 >/proc/sys/vm/drop_caches && sha256sum -c /tmp/sums";
        Ended first = restore(state, check + " && rm /mnt/file && umount /tmp/user");
        assertThat(first.exitCode()).as(first.err()).isZero();
        assertThat(first.out().lines()).hasSize(4).allMatch(line -> line.endsWith(": OK"));

        Ended refused = restore(state, "true");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.EXEC_FAILED);
        assertThat(refused.err()).contains("disk 1 (disk0) was changed since");

        Files.copy(copy, user, StandardCopyOption.REPLACE_EXISTING);
        Ended again = restore(state, check);
        assertThat(again.exitCode()).as(again.err()).isZero();

        Files.copy(copy, user, StandardCopyOption.REPLACE_EXISTING);
        importImage(user);
        Ended otherImage = restore(state, "true");
        assertThat(otherImage.err()).contains("is not the one that the saved machine was started from");
    }

    @Test
    void aRestoredGuestKnowsTheTimeOfDay() throws Exception {
        Path state = directory.resolve("state");
        try (var guest = new GuestShell(directory.resolve("errors"), "--save-on-exit", state.toString())) {
            guest.run("date -s 2001-01-01");
            guest.run("until pidof qemu-ga; do sleep 0.1; done");
            guest.process().toHandle().destroy(); // its standard input stays open: the guest goes on
            assertThat(guest.process().waitFor(100, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(Files.readString(directory.resolve("errors"))).contains("saved; go on with");
        Ended ended = restore(state, "until [ $(date +%Y) -ge 2026 ]; do sleep 0.1; done; date +%s");
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        long now = Clock.systemUTC().instant().getEpochSecond();
        assertThat(Long.parseLong(ended.out().strip())).isBetween(now - 60, now);
    }
}
