package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.disk.Disks;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.Target;
import holdfast.nbd.NbdDevice;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/// What an operator does with a disk that has a journal.
@Timeout(120)
class ProtectedDiskCommandTest extends ProtectedDiskCommands {
    private Path disk;

    @BeforeEach
    void aProtectedDisk() throws Exception {
        createDisk();
        disk = disk();
        assertThat(output("disk protect DIR/d.vhdx --journal DIR/journal"))
                .isEqualTo(disk + ": protected by the journal in " + directory.resolve("journal")
                        + "; what it was until now is d.base1.vhdx, which it needs\n");
    }

    @Test
    void itIsRecoveredToItsMarks() throws Exception {
        byte[] begun = content(disk);
        write(disk, 4096, noise(2, 8192));
        assertThat(output("disk mark DIR/d.vhdx one")).startsWith("mark one is entry ");
        byte[] one = content(disk);
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            new Blocking(device).discard(0, 1 << 20);
            new Blocking(device).write(3 << 20, noise(3, 1 << 20));
        }
        output("disk mark DIR/d.vhdx two");
        byte[] two = content(disk);
        write(disk, 0, noise(4, 512));

        assertThat(output("disk recover DIR/d.vhdx --to mark:one --as DIR/one.raw")).contains("one.raw: ").contains(": it is mark one");
        output("disk recover DIR/d.vhdx --to two --as DIR/two.vhdx");
        output("disk recover DIR/d.vhdx --to seq:0 --as DIR/begun.raw");
        output("disk recover DIR/d.vhdx --to marked-before:2999-01-01T00:00:00 --as DIR/newest.raw");
        output("disk recover DIR/d.vhdx --to time:2999-01-01T00:00:00Z --as DIR/now.raw");
        assertThat(content(directory.resolve("one.raw"))).isEqualTo(one);
        assertThat(content(directory.resolve("two.vhdx"))).isEqualTo(two);
        assertThat(content(directory.resolve("begun.raw"))).isEqualTo(begun);
        assertThat(content(directory.resolve("newest.raw"))).isEqualTo(two);
        assertThat(content(directory.resolve("now.raw"))).isEqualTo(content(disk));
        JsonNode timeline = timeline();
        assertThat(timeline.get("changes").asInt()).isEqualTo(1 + 1 + 4 + 1);
        assertThat(timeline.get("marks").size()).isEqualTo(2);
        assertThat(output("disk timeline DIR/d.vhdx")).contains("d.base1.vhdx\n").contains("  one\n").contains("  two\n");
        assertThat(output("disk info DIR/d.vhdx")).contains("journal            " + directory.resolve("journal") + "\n");
    }

    @Test
    void itIsRecoveredInPlaceAndThatIsUndone() throws Exception {
        byte[] begun = content(disk);
        write(disk, 4096, noise(2, 8192));
        output("disk mark DIR/d.vhdx one");
        byte[] one = content(disk);
        write(disk, 0, noise(3, 2 << 20));
        byte[] last = content(disk);
        assertThat(output("disk recover DIR/d.vhdx --to one --in-place")).contains(": it is mark one\n").contains("mark before-recovery, entry ");
        assertThat(content(disk)).isEqualTo(one);
        output("disk recover DIR/d.vhdx --to before-recovery --in-place");
        assertThat(content(disk)).isEqualTo(last);
        output("disk recover DIR/d.vhdx --to seq:0 --in-place");
        assertThat(content(disk)).isEqualTo(begun);
        assertThat(timeline().get("marks").size()).isEqualTo(4);
    }

    /// The server does not know of the journal, and neither does its client. The mark comes from outside meanwhile.
    @Test
    void theJournalIsWrittenWhileTheDiskIsServedAndSurvivesAKilledServer() throws Exception {
        Process server = serve();
        byte[] marked;
        byte[] killed;
        try (NbdDevice client = client()) {
            var blocking = new Blocking(client);
            for (int i = 0; i < 50; i++) {
                blocking.write(i * 100_352L, noise(i, 4096 + 512 * (i % 3)));
            }
            assertThat(output("disk mark DIR/d.vhdx served")).startsWith("mark served is entry ");
            marked = blocking.read(0, SIZE);
            blocking.writeZeroes(0, 1 << 20);
            blocking.write(2 << 20, noise(99, 4096));
            killed = blocking.read(0, SIZE);
            assertThat(output("disk info DIR/d.vhdx")).contains("kind               differencing");
        } finally {
            server.destroyForcibly();
        }
        Program.exitCode(server, Program.LIMIT);
        assertThat(content(disk)).as("read without being put right").isEqualTo(killed);
        assertThat(output("disk info DIR/d.vhdx")).contains("closed in order    no\n");
        output("disk recover DIR/d.vhdx --to served --as DIR/served.raw");
        assertThat(content(directory.resolve("served.raw"))).isEqualTo(marked);
        write(disk, 0, noise(5, 512));
        System.arraycopy(noise(5, 512), 0, killed, 0, 512);
        assertThat(content(disk)).isEqualTo(killed);
        assertThat(output("disk info DIR/d.vhdx")).contains("closed in order    yes\n");
    }

    private static byte[] block(String text) {
        return Arrays.copyOf(text.getBytes(StandardCharsets.UTF_8), 512);
    }

    @Test
    void aClientPutsMarks() throws Exception {
        Process server = serve();
        byte[] marked;
        try (NbdDevice client = client();
                NbdDevice marks = NbdDevice.open("nbd+unix:///d.vhdx/marks?socket=" + directory.resolve("socket"), Duration.ofSeconds(30))) {
            write(client, 0, noise(1, 4096));
            marked = new Blocking(client).read(0, SIZE);
            var names = new Blocking(marks);
            names.write(0, block("first, by NBD"));
            assertThat(names.read(0, 512)).startsWith("mark first, by NBD is entry ".getBytes(StandardCharsets.UTF_8));
            write(client, 0, noise(2, 4096));
            names.write(0, block("second\nwhat is behind a line feed does not count"));
            for (String none : new String[] {"", " ", "bell\007"}) {
                assertThatThrownBy(() -> names.write(0, block(none))).as(none).isInstanceOf(DiskException.class);
            }
            assertThat(refusal("disk mark DIR/d.vhdx still --freeze")).contains("cannot be frozen from here").hasLineCount(2);
        } finally {
            server.destroy();
        }
        Program.exitCode(server, Program.LIMIT);
        JsonNode found = timeline().get("marks");
        assertThat(found.valueStream().map(mark -> mark.get("name").asString())).containsExactly("first, by NBD", "second");
        Invocation.of("disk", "recover", disk.toString(), "--to", "first, by NBD", "--as", directory.resolve("first.raw").toString());
        assertThat(content(directory.resolve("first.raw"))).isEqualTo(marked);
    }

    @Test
    @Needs("nbdcopy")
    void thePastIsServedReadOnly() throws Exception {
        byte[] begun = content(disk);
        write(disk, 0, noise(4, 512));
        Invocation served = Invocation.of(
                "nbd", "serve", disk.toString(), "--at", "seq:0", "--run", "nbdcopy \"$uri\" " + directory.resolve("then.raw"));
        assertThat(served.exitCode()).isZero();
        assertThat(content(directory.resolve("then.raw"))).isEqualTo(begun);
    }

    /// Neither keeps the other out: locks are apart from what is read.
    @Test
    void thePastOfADiskThatIsInUseIsSeen() throws Exception {
        byte[] begun = content(disk);
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            write(device, 0, noise(4, 4096));
            try (BlockDevice past = ProtectedDisk.past(disk, new Target.Sequence(0)).disk()) {
                output("disk recover DIR/d.vhdx --to seq:2 --as DIR/one.raw");
                write(device, 4096, noise(5, 4096));
                assertThat(new Blocking(past).read(0, SIZE)).isEqualTo(begun);
            }
            assertThat(timeline().get("changes").asInt()).isEqualTo(2);
            System.arraycopy(noise(4, 4096), 0, begun, 0, 4096);
            assertThat(content(directory.resolve("one.raw"))).isEqualTo(begun);
            assertThat(refusal("disk recover DIR/d.vhdx --to seq:0 --in-place")).contains("is in use by ");
        }
        try (BlockDevice past = ProtectedDisk.past(disk, new Target.Sequence(2)).disk()) {
            write(disk, 0, noise(6, 512));
            assertThat(new Blocking(past).read(0, SIZE)).isEqualTo(begun);
        }
    }

    private static void write(BlockDevice device, long offset, byte[] data) throws DiskException {
        new Blocking(device).write(offset, data);
        new Blocking(device).flush();
    }

    /// Whoever opens the volume without its descriptor writes no journal.
    @Test
    void aVolumeThatWasChangedOutsideItsJournalIsRefused() throws Exception {
        Path descriptor = directory.resolve("d.vhdx.holdfast");
        Path aside = directory.resolve("aside");
        Files.move(descriptor, aside);
        write(disk, 0, noise(7, 512));
        Files.move(aside, descriptor);
        assertThatThrownBy(() -> content(disk)).hasMessageContaining("is not what it was when");
        assertThatThrownBy(() -> write(disk, 0, new byte[512])).hasMessageContaining("is not what it was when");
    }

    @Test
    void aJournalThatIsGoneOrAnotherOnesIsRefused() throws Exception {
        write(disk, 0, noise(7, 512));
        Path journal = directory.resolve("journal");
        Files.move(journal, directory.resolve("elsewhere"));
        assertThat(refusal("disk recover DIR/d.vhdx --to seq:0 --as DIR/n.raw")).contains("a journal should be there");
        assertThatThrownBy(() -> write(disk, 0, new byte[512])).hasMessageContaining("a journal should be there");
        output("disk create DIR/other.vhdx --size 8M");
        output("disk protect DIR/other.vhdx --journal DIR/journal");
        assertThat(refusal("disk recover DIR/d.vhdx --to seq:0 --as DIR/n.raw")).contains("of another disk's journal");
        assertThatThrownBy(() -> write(disk, 0, new byte[512])).hasMessageContaining("of another disk's journal");
    }

    @Test
    void aFullJournalMakesTheDiskFull() throws Exception {
        output("disk create DIR/small.vhdx --size 8M");
        output("disk protect DIR/small.vhdx --journal DIR/small --max-size 3M");
        try (BlockDevice device = Disks.open(directory.resolve("small.vhdx"), Access.READ_WRITE, null)) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100; i++) {
                            new Blocking(device).write(0, noise(i, 64 << 10));
                        }
                    })
                    .hasMessageContaining("NO_SPACE");
        }
    }

    @Test
    void whatIsBeforeTheWindowIsRefusedWithTheOldestPointThatThereIs() throws Exception {
        output("disk create DIR/w.vhdx --size 8M");
        output("disk protect DIR/w.vhdx --journal DIR/w --window 1s");
        assertThat(output("disk timeline DIR/w.vhdx")).contains("window    1s");
        Path journaled = directory.resolve("w.vhdx");
        Path first = directory.resolve("w/00000002.journal");
        try (BlockDevice device = Disks.open(journaled, Access.READ_WRITE, null)) {
            var count = new AtomicInteger();
            Awaitility.await().until(() -> {
                new Blocking(device).write(0, noise(count.get(), 4096));
                return count.incrementAndGet() > 10 && !Files.exists(first);
            });
        }
        assertThat(output("disk timeline DIR/w.vhdx")).containsPattern("entries   \\d+ to \\d+ in");
        assertThat(refusal("disk recover DIR/w.vhdx --to seq:0 --as DIR/n.raw")).containsPattern("(?s)has let go what was before entry \\d+.*the oldest is seq:\\d+");
        assertThat(refusal("disk recover DIR/w.vhdx --to time:2020-01-01T00:00:00Z --as DIR/n.raw")).contains("the oldest is seq:");
    }

    @Test
    void aFullJournalEndsWhereThatWasAskedForAndWhatItHasStays() throws Exception {
        output("disk create DIR/e.vhdx --size 8M");
        output("disk protect DIR/e.vhdx --journal DIR/e --max-size 3M --when-full unprotect");
        Path ending = directory.resolve("e.vhdx");
        output("disk mark DIR/e.vhdx early");
        try (BlockDevice device = Disks.open(ending, Access.READ_WRITE, null)) {
            for (int i = 0; i < 100; i++) {
                new Blocking(device).write(0, noise(i, 64 << 10));
            }
        }
        write(ending, 0, noise(200, 512));
        assertThat(Arrays.copyOf(content(ending), 512)).isEqualTo(noise(200, 512));
        assertThat(output("disk timeline DIR/e.vhdx")).contains("ended     the journal was full").contains("early");
        assertThat(output("disk info DIR/e.vhdx")).containsPattern("journal ended +yes");
        assertThat(refusal("disk mark DIR/e.vhdx late")).contains("is not protected any more: its journal was full");
        output("disk recover DIR/e.vhdx --to early --as DIR/early.raw");
        assertThat(content(directory.resolve("early.raw"))).isEqualTo(new byte[8 << 20]);
        output("disk unprotect DIR/e.vhdx");
        output("disk protect DIR/e.vhdx --journal DIR/again");
    }

    @Test
    void whatIsKeptOfThePastCanBeChanged() throws Exception {
        write(disk, 0, noise(7, 4096));
        byte[] content = content(disk);
        assertThat(output("disk protect DIR/d.vhdx --window 7d --max-size 64M --when-full throttle"))
                .contains("keeps the last 7d and may take 64.0 MiB; when it is full: throttle");
        assertThat(output("disk timeline DIR/d.vhdx")).contains("window    7d");
        assertThat(refusal("disk protect DIR/d.vhdx --max-size 1M")).contains("is too small");
        Path moved = Files.move(directory.resolve("journal"), directory.resolve("elsewhere"));
        assertThat(output("disk protect DIR/d.vhdx --journal DIR/elsewhere")).contains("its journal is in " + moved);
        assertThat(content(disk)).isEqualTo(content);
        write(disk, 0, noise(8, 512));
        assertThat(output("disk timeline DIR/d.vhdx")).contains("journal   " + moved);
        Files.createDirectory(directory.resolve("empty"));
        assertThat(refusal("disk protect DIR/d.vhdx --journal DIR/empty")).contains("does not have the journal");
        assertThat(output("disk protect DIR/d.vhdx --window none --when-full stop")).contains("keeps all of the past and may take 64.0 MiB; when it is full: stop");
        assertThat(output("disk timeline DIR/d.vhdx")).doesNotContain("window");
        assertThat(content(disk)).startsWith(noise(8, 512));
    }

    @Test
    void whenItEndsTheDiskGoesOnWithoutAJournal() throws Exception {
        write(disk, 0, noise(7, 512));
        byte[] content = content(disk);
        assertThat(output("disk compress-journal DIR/d.vhdx")).contains("its journal takes ");
        assertThat(output("disk unprotect DIR/d.vhdx")).isEqualTo(disk + ": not protected any more; nothing needs " + directory.resolve("journal") + " now\n");
        assertThat(content(disk)).isEqualTo(content);
        write(disk, 0, noise(8, 512));
        assertThat(refusal("disk timeline DIR/d.vhdx")).contains("is not protected");
        output("disk protect DIR/d.vhdx --journal DIR/second");
        assertThat(directory.resolve("d.base2.vhdx")).exists();
        write(disk, 0, noise(9, 512));
        assertThat(timeline().get("changes").asInt()).isEqualTo(1);
    }

    @Test
    void whatCannotBeIsRefused() {
        output("disk create DIR/child.vhdx --parent DIR/d.vhdx");
        output("disk create DIR/raw.raw --size 8M");
        Map<String, String> refusals = Map.ofEntries(
                Map.entry("disk resize DIR/d.vhdx --size 16M", "cannot grow meanwhile"),
                Map.entry("disk compact DIR/d.vhdx", "cannot be compacted meanwhile"),
                Map.entry("disk rebase DIR/d.vhdx --accept-parent", "cannot get another parent meanwhile"),
                Map.entry("disk merge DIR/d.vhdx", "cannot be merged meanwhile"),
                Map.entry("disk merge DIR/child.vhdx", "cannot be merged into meanwhile"),
                Map.entry("disk protect DIR/d.vhdx --journal DIR/second", "does not have the journal of d.vhdx"),
                Map.entry("disk protect DIR/child.vhdx --journal DIR/journal", "is not empty"),
                Map.entry("disk protect DIR/raw.raw --journal DIR/second", "is no VHDX disk"),
                Map.entry("disk protect DIR/missing.vhdx --journal DIR/second", "is not there"),
                Map.entry("disk mark DIR/child.vhdx now", "is not protected"),
                Map.entry("disk unprotect DIR/child.vhdx", "is not protected"),
                Map.entry("disk recover DIR/d.vhdx --to nowhere --as DIR/n.raw", "has no mark nowhere"),
                Map.entry("disk recover DIR/d.vhdx --to seq:99 --as DIR/n.raw", "and no 99"),
                Map.entry("disk recover DIR/d.vhdx --to time:2020-01-01T00:00:00Z --as DIR/n.raw", "is empty, after"),
                Map.entry("disk recover DIR/d.vhdx --to seq:0 --as DIR/child.vhdx", "there already"),
                Map.entry("disk info DIR/d.vhdx.holdfast", "is the descriptor of a disk that is protected"),
                Map.entry("nbd serve DIR/child.vhdx --at seq:0 --unix DIR/s", "is not protected"));
        refusals.forEach((command, problem) -> assertThat(refusal(command)).as(command).contains(problem).hasLineCount(2));
    }

    @Test
    void whatMakesNoSenseIsAMatterOfUsage() {
        Map<String, String> mistakes = Map.ofEntries(
                Map.entry("disk protect DIR/d.vhdx", "--journal DIR"),
                Map.entry("disk protect DIR/d.vhdx --journal DIR/j --window 24", "'24' is no length of time"),
                Map.entry("disk protect DIR/new.vhdx --journal DIR/j --when-full throttle", "needs --max-size"),
                Map.entry("disk recover DIR/d.vhdx --as DIR/n.raw", "which point is missing"),
                Map.entry("disk recover DIR/d.vhdx --to seq:0", "--as NEW, or --in-place"),
                Map.entry("disk recover DIR/d.vhdx --to seq:x --as DIR/n.raw", "'x' is no number"),
                Map.entry("disk recover DIR/d.vhdx --to time:noon --as DIR/n.raw", "'noon' is no time"),
                Map.entry("disk recover DIR/d.vhdx --to mark: --as DIR/n.raw", "names no point"),
                Map.entry("disk mark DIR/d.vhdx", "NAME"),
                Map.entry("nbd serve DIR/d.vhdx --at seq:0 --initialize 1M --unix DIR/s", "--at does not go with --initialize"));
        mistakes.forEach((command, problem) -> {
            Invocation done = invoke(command);
            assertThat(done.exitCode()).as(command).isEqualTo(2);
            assertThat(done.err()).contains(problem);
        });
    }
}
