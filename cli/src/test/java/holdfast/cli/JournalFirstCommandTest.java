package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.disk.Disks;
import holdfast.nbd.NbdDevice;
import holdfast.testkit.Program;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What an operator does with a disk whose journal is written first.
@Timeout(120)
class JournalFirstCommandTest extends ProtectedDiskCommands {
    private Path disk;

    @BeforeEach
    void aProtectedDisk() throws Exception {
        createDisk();
        disk = disk();
        output("disk protect DIR/d.vhdx --journal DIR/journal --mode journal-first");
    }

    @Test
    void itIsRecoveredToItsMarksAndInPlace() throws Exception {
        byte[] begun = content(disk);
        write(disk, 4096, noise(2, 8192));
        output("disk mark DIR/d.vhdx one");
        byte[] one = content(disk);
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            new Blocking(device).discard(0, 1 << 20);
            new Blocking(device).write(3 << 20, noise(3, 1 << 20));
        }
        byte[] last = content(disk);
        output("disk recover DIR/d.vhdx --to one --as DIR/one.raw");
        output("disk recover DIR/d.vhdx --to seq:0 --as DIR/begun.vhdx");
        assertThat(content(directory.resolve("one.raw"))).isEqualTo(one);
        assertThat(content(directory.resolve("begun.vhdx"))).isEqualTo(begun);
        output("disk recover DIR/d.vhdx --to one --in-place");
        assertThat(content(disk)).isEqualTo(one);
        output("disk recover DIR/d.vhdx --to before-recovery --in-place");
        assertThat(content(disk)).isEqualTo(last);
        assertThat(output("disk timeline DIR/d.vhdx")).contains("waiting   0 of 0 ");
        assertThat(timeline().get("mode").asString()).isEqualTo("journal-first");
        assertThat(output("disk info DIR/d.vhdx")).containsPattern("journal mode +journal-first\n").containsPattern("closed in order +yes\n");
    }

    /// What the client was told was written is there, wherever it is; and the disk goes on without its journal when it has all of it.
    @Test
    void aServerIsKilledAndTheDiskEndsItsProtectionWithEverything() throws Exception {
        Process server = serve();
        byte[] killed;
        try (NbdDevice client = client()) {
            var blocking = new Blocking(client);
            for (int i = 0; i < 50; i++) {
                blocking.write(i * 100_352L, noise(i, 4096 + 512 * (i % 3)));
            }
            output("disk mark DIR/d.vhdx served");
            blocking.writeZeroes(0, 1 << 20);
            blocking.write(2 << 20, noise(99, 4096));
            killed = blocking.read(0, SIZE);
            assertThat(output("disk info DIR/d.vhdx")).contains("waiting in journal ");
        } finally {
            server.destroyForcibly();
        }
        Program.exitCode(server, Program.LIMIT);
        assertThat(content(disk)).as("read without being opened for writing").isEqualTo(killed);
        assertThat(timeline().get("waitingBytes").asLong()).isBetween(0L, 3L << 20);
        assertUnprotectIsRefusedWithoutRoom();
        output("disk compress-journal DIR/d.vhdx");
        assertThat(content(disk)).as("read from what is compressed").isEqualTo(killed);
        output("disk unprotect DIR/d.vhdx");
        assertThat(content(disk)).isEqualTo(killed);
    }

    /// No file may grow beyond half a megabyte: there is no room for another segment.
    private void assertUnprotectIsRefusedWithoutRoom() throws Exception {
        ProcessBuilder unprotect = Holdfast.builder("disk", "unprotect", disk.toString());
        unprotect.command().addAll(0, List.of("sh", "-c", "ulimit -f 1024; exec \"$@\"", "sh"));
        Process process = Program.start(unprotect, Program.LIMIT);
        String problem = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(Program.exitCode(process, Program.LIMIT)).isEqualTo(1);
        // On a slow host some of it is on its way into the disk's file already, whose own log then needs room.
        assertThat(problem).containsAnyOf("does not have all that its journal has", "its log cannot be replayed (NO_SPACE)");
    }

    @Test
    void aVolumeThatWasChangedOutsideItsJournalIsRefused() throws Exception {
        write(disk, 0, noise(6, 512));
        Path descriptor = directory.resolve("d.vhdx.holdfast");
        Path aside = directory.resolve("aside");
        Files.move(descriptor, aside);
        write(disk, 0, noise(7, 512));
        Files.move(aside, descriptor);
        assertThatThrownBy(() -> content(disk)).hasMessageContaining("is not what it was when");
        assertThatThrownBy(() -> write(disk, 0, new byte[512])).hasMessageContaining("is not what it was when");
    }

    @Test
    void aModeThatThereIsNotIsAMatterOfUsage() {
        Invocation done = invoke("disk protect DIR/d.vhdx --journal DIR/j --mode volume-first");
        assertThat(done.exitCode()).isEqualTo(2);
        assertThat(done.err()).contains("journal-first");
    }
}
