package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.RawFile;
import holdfast.block.ScratchDisk;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Debian's kernel with Debian's file system on our disks: what the guest wrote is what the host's tools find.
@Tag("system")
@Needs({"mke2fs", "e2fsck", "debugfs"})
final class DisksInGuestTest {
    @TempDir
    static Path directory;

    private static final AtomicBoolean BROKEN = new AtomicBoolean();
    private static final List<BlockDevice> DISKS = new ArrayList<>();

    private static Path made;
    private static Path given;
    private static Path trimmed;
    private static Path base;
    private static Path kept;
    private static Path noise;
    private static OurGuest guest;

    /// One guest with a disk for every test: `/dev/vda` to `/dev/vdf`.
    @BeforeAll
    static void boots() throws Exception {
        made = sparse("made.img", "256M");
        given = sparse("given.img", "64M");
        trimmed = sparse("trimmed.img", "256M");
        base = sparse("base.img", "64M");
        kept = directory.resolve("kept.disk");
        Path files = Files.createDirectory(directory.resolve("files"));
        noise = files.resolve("noise");
        var bytes = new byte[3 << 20];
        new Random(1).nextBytes(bytes);
        Files.write(noise, bytes);
        Program.output("mke2fs", "-q", "-t", "ext4", "-d", files, given);
        Program.output("mke2fs", "-q", "-t", "ext4", base);

        DISKS.add(RawFile.open(made, Access.READ_WRITE));
        DISKS.add(RawFile.open(given, Access.READ_ONLY));
        DISKS.add(RawFile.open(trimmed, Access.READ_WRITE));
        DISKS.add(ScratchDisk.temporary(RawFile.open(base, Access.READ_ONLY), directory));
        DISKS.add(ScratchDisk.create(RawFile.open(base, Access.READ_ONLY), "base", kept));
        DISKS.add(new FaultyDevice(
                new MemoryDevice(ByteSize.ofMebibytes(32)),
                _ -> BROKEN.get() ? new Fault.Fail(IoStatus.IO_ERROR) : new Fault.None()));
        guest = OurGuest.boot(TestImage.withExt4(), 2, DISKS.toArray(new BlockDevice[0]));
    }

    @AfterAll
    static void ends() {
        if (guest != null) {
            guest.close();
        }
        DISKS.forEach(BlockDevice::close);
    }

    private static Path sparse(String name, String size) throws IOException {
        Path path = directory.resolve(name);
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(ByteSize.parse(size).bytes());
        }
        return path;
    }

    private static String sha256(Path file) throws Exception {
        var digest = MessageDigest.getInstance("SHA-256");
        return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
    }

    /// The digest of a file in an ext4 image, as the host reads it.
    private static String sha256(Path disk, String file) throws Exception {
        Path copy = directory.resolve("copy");
        Program.output("debugfs", "-R", "dump " + file + " " + copy, disk);
        return sha256(copy);
    }

    @Test
    void anExt4ThatTheGuestMadeAndFilledIsSoundAndReadByTheHost() throws Exception {
        assertThat(guest.run("cat /sys/block/vda/serial /sys/block/vda/size")).isEqualTo("disk0" + 256 * 2048);
        guest.run("mkdir /a; mkfs.ext4 -q /dev/vda && mount /dev/vda /a");
        guest.run("seq 1 200000 >/a/numbers; mkdir /a/many; cd /a/many; for i in $(seq 1 300); do echo $i >$i; done");
        guest.run("dd if=/dev/urandom of=/a/sparse bs=64k count=8 seek=100 2>/dev/null; rm /a/many/1??; sync");
        String digest = guest.run("sha256sum </a/numbers").split(" ")[0];

        Path cutOff = Files.copy(made, directory.resolve("cut-off.img"));
        assertThat(Program.run("e2fsck", "-fp", cutOff).exitCode()).as("the journal is replayed").isIn(0, 1);
        Program.output("e2fsck", "-fn", cutOff);
        assertThat(sha256(cutOff, "/numbers")).as("synced").isEqualTo(digest);

        guest.run("umount /a");
        Program.output("e2fsck", "-fn", made);
        assertThat(sha256(made, "/numbers")).isEqualTo(digest);
        assertThat(Program.output("debugfs", "-R", "cat /many/250", made)).contains("250");
    }

    @Test
    void theGuestReadsWhatTheHostMadeAndCannotChangeAReadOnlyDisk() throws Exception {
        String before = sha256(given);
        assertThat(guest.run("cat /sys/block/vdb/ro")).isEqualTo("1");
        guest.run("mkdir /b; mount -o ro,noload /dev/vdb /b");
        assertThat(guest.run("sha256sum </b/noise").split(" ")[0]).isEqualTo(sha256(noise));
        assertThat(guest.attempt("dd if=/dev/zero of=/dev/vdb bs=4k count=1 conv=fsync").exitCode()).isNotZero();
        guest.run("umount /b");
        assertThat(sha256(given)).isEqualTo(before);
    }

    @Test
    void whatTheGuestTrimsTheHostGetsBackWhileItRuns() throws Exception {
        guest.run("mkdir /c; mkfs.ext4 -q /dev/vdc && mount /dev/vdc /c");
        guest.run("seq 1 1000 >/c/stays; dd if=/dev/urandom of=/c/goes bs=1M count=12 2>/dev/null; sync");
        long full = Program.allocatedBytes(trimmed);
        assertThat(full).isGreaterThan(12L << 20);
        guest.run("rm /c/goes && sync && fstrim /c");
        assertThat(Program.allocatedBytes(trimmed)).isLessThan(full - (11L << 20));
        guest.run("umount /c; mount /dev/vdc /c; seq 1 1000 | cmp - /c/stays; umount /c");
        Program.output("e2fsck", "-fn", trimmed);
    }

    @Test
    void twoScratchDisksOverOneImageDifferAndItStaysAsItIs() throws Exception {
        String before = sha256(base);
        guest.run("mkdir /d /e; mount /dev/vdd /d; mount /dev/vde /e; echo gone >/d/file; seq 1 20000 >/e/file; sync");
        assertThat(guest.run("cat /d/file")).isEqualTo("gone");
        guest.run("umount /d /e");
        assertThat(sha256(base)).isEqualTo(before);
        Path merged = directory.resolve("merged.img");
        BlockDevice device = DISKS.get(4);
        Files.write(merged, new Blocking(device).read(0, (int) device.geometry().sizeBytes()));
        Program.output("e2fsck", "-fn", merged);
        assertThat(Program.output("debugfs", "-R", "cat /file", merged)).endsWith("19999\n20000\n");
    }

    @Test
    void aDiskThatFailsIsTheGuestsTroubleAndNotTheMachines() throws Exception {
        guest.run("mkdir /f; mkfs.ext4 -q /dev/vdf && mount -o errors=remount-ro /dev/vdf /f && echo fine >/f/file && sync");
        BROKEN.set(true);
        assertThat(guest.attempt("dd if=/dev/vdf of=/dev/null bs=4k skip=5000 count=1").exitCode()).isNotZero();
        assertThat(guest.attempt("echo more >/f/other; sync /f/other").exitCode()).isNotZero();
        BROKEN.set(false);
        assertThat(guest.run("umount /f; e2fsck -fy /dev/vdf >/dev/null; mount /dev/vdf /f; cat /f/file; umount /f"))
                .isEqualTo("fine");
    }
}
