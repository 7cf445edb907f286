package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Guests whose disk has a journal.
@Tag("system")
@Timeout(600)
@Needs({"mke2fs", "e2fsck", "debugfs"})
class JournalGuestTest {
    private static final String MOUNT = "mkdir -p /tmp/disk; mount -t ext4 /dev/vda /tmp/disk; ";

    @TempDir
    Path directory;

    private Path disk;

    @BeforeEach
    void aDisk() throws Exception {
        Path raw = directory.resolve("empty.raw");
        Files.write(raw, new byte[24 << 20]);
        Program.output("mke2fs", "-q", "-t", "ext4", "-F", raw);
        disk = directory.resolve("d.vhdx");
        does("disk", "convert", raw.toString(), disk.toString());
    }

    /// In this process, which takes less time.
    private static String does(String... args) {
        Invocation done = Invocation.of(args);
        assertThat(done.exitCode()).as(done.err()).isZero();
        return done.out();
    }

    private void protect(String mode) {
        does("disk", "protect", disk.toString(), "--journal", directory.resolve("journal").toString(), "--mode", mode);
    }

    private static String succeeds(String... args) throws IOException, InterruptedException {
        Ended ended = Holdfast.run(args);
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return ended.out();
    }

    /// A new disk, of which fsck says that it is clean when it has put in what its log has.
    private Path recovered(String mark) throws Exception {
        Path copy = directory.resolve(mark + ".raw");
        does("disk", "recover", disk.toString(), "--to", mark, "--as", copy.toString());
        Program.output("e2fsck", "-p", "-E", "journal_only", copy);
        Program.output("e2fsck", "-f", "-n", copy);
        return copy;
    }

    private static String file(Path disk) throws Exception {
        return Program.output("debugfs", "-R", "cat /file", disk);
    }

    @Test
    void thePastOfARunningGuestIsMarkedFromWithinAndWithoutAndSeen() throws Exception {
        protect("write-through");
        try (var guest = new GuestShell(directory.resolve("errors"), "--disk", disk.toString())) {
            guest.run(MOUNT + "echo one >/tmp/disk/file");
            assertThat(guest.run("holdfast-mark one")).startsWith("mark one is entry ");
            assertThat(guest.attempt("holdfast-mark ''").exitCode()).isEqualTo(1);
            guest.run("echo two >/tmp/disk/file"); // in the guest's memory, so far
            assertThat(succeeds("disk", "mark", disk.toString(), "two", "--freeze")).startsWith("mark two is entry ");
            assertThat(succeeds("disk", "protect", disk.toString(), "--window", "24h")).contains("keeps the last 24h");
            guest.run("echo three >/tmp/disk/file");

            assertThat(succeeds("disk", "timeline", disk.toString())).contains("  one\n").contains("  two\n");
            assertThat(file(recovered("one"))).endsWith("one\n");
            assertThat(file(recovered("two"))).endsWith("two\n");
            assertThat(succeeds("run", "--disk", disk + "@one,scratch", "--exec", MOUNT + "cat /tmp/disk/file; echo four >/tmp/disk/file; sync; cat /tmp/disk/file"))
                    .isEqualTo("one\nfour\n");
            assertThat(guest.run("cat /tmp/disk/file")).isEqualTo("three");
        }
    }

    /// What it has told its guest to be durable is there at once, and in the disk itself when the protection has ended; and so is its past.
    @Test
    @Tag("long")
    void aGuestWhoseJournalIsWrittenFirstIsKilledAndNothingIsLost() throws Exception {
        protect("journal-first");
        String sum;
        try (var guest = new GuestShell(directory.resolve("errors"), "--disk", disk.toString())) {
            guest.run(MOUNT + "echo one >/tmp/disk/file");
            guest.run("holdfast-mark one");
            guest.run("dd if=/dev/urandom of=/tmp/disk/noise bs=64k count=100 2>/dev/null; echo two >/tmp/disk/file; sync");
            sum = guest.run("md5sum </tmp/disk/noise").split(" ")[0];
            guest.process().destroyForcibly();
            Program.exitCode(guest.process(), Program.LIMIT);
        }
        assertThat(does("disk", "info", disk.toString())).containsPattern("closed in order +no");
        assertSynced("killed.raw", sum);
        assertThat(file(recovered("one"))).endsWith("one\n");
        does("disk", "unprotect", disk.toString());
        assertSynced("ended.raw", sum);
    }

    private void assertSynced(String copy, String sum) throws Exception {
        Path raw = directory.resolve(copy);
        does("disk", "convert", disk.toString(), raw.toString());
        Program.output("e2fsck", "-p", "-E", "journal_only", raw);
        Program.output("e2fsck", "-f", "-n", raw);
        assertThat(file(raw)).endsWith("two\n");
        Path noise = directory.resolve("noise");
        Program.output("debugfs", "-R", "dump /noise " + noise, raw);
        assertThat(Program.output("md5sum", noise)).startsWith(sum);
    }
}
