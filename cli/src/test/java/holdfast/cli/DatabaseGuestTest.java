package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import holdfast.disk.ProtectedDisk;
import holdfast.image.Image;
import holdfast.image.ImageStore;
import holdfast.journal.Timeline;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A database in a guest, with a mark behind each transaction while others write to the same disk: it is recovered to each mark, and between them.
@Tag("system")
@Tag("long")
@Timeout(1800)
@Needs({"mke2fs", "e2fsck", "debugfs", "sqlite3"})
class DatabaseGuestTest {
    private static final int TRANSACTIONS = 20;
    private static final int ROWS = 10;
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    @TempDir
    Path directory;

    private static String succeeds(String... args) throws IOException, InterruptedException {
        Ended ended = Holdfast.run(args);
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return ended.out();
    }

    /// The tiny image with SQLite, in a home of its own, so that other tests keep theirs.
    private Image withSqlite() throws Exception {
        Path home = directory.resolve("home");
        ProcessBuilder builder = Holdfast.builder("image", "build", "tiny", "--with", "sqlite3");
        builder.environment().put("HOLDFAST_HOME", home.toString());
        Ended built = Holdfast.ended(Program.start(builder, PATIENCE), PATIENCE);
        assertThat(built.exitCode()).as(built.err()).isZero();
        return ImageStore.open(home, Clock.systemUTC()).find("tiny").orElseThrow();
    }

    private Path protectedDisk() throws Exception {
        Path raw = directory.resolve("empty.raw");
        Files.write(raw, new byte[48 << 20]);
        Program.output("mke2fs", "-q", "-t", "ext4", "-F", raw);
        Path disk = directory.resolve("d.vhdx");
        succeeds("disk", "convert", raw.toString(), disk.toString());
        succeeds("disk", "protect", disk.toString(), "--journal", directory.resolve("journal").toString());
        return disk;
    }

    private void transactions(Image image, Path disk) throws Exception {
        try (var guest = new GuestShell(
                directory.resolve("errors"), PATIENCE, "--kernel", Objects.requireNonNull(image.kernel()).toString(), "--initrd",
                Objects.requireNonNull(image.initrd()).toString(), "--append", image.append(), "--disk", disk.toString())) {
            guest.run("mkdir /tmp/disk; mount -t ext4 /dev/vda /tmp/disk");
            guest.run("sqlite3 /tmp/disk/db 'create table t(n integer primary key, x blob)'; holdfast-mark m0");
            guest.run("(while head -c 300000 /dev/urandom >/tmp/disk/noise; do sync; rm /tmp/disk/noise; done) >/dev/null 2>&1 & echo $! >/tmp/load");
            for (int i = 1; i <= TRANSACTIONS; i++) {
                var rows = new StringBuilder();
                for (int row = 1; row <= ROWS; row++) {
                    rows.append("insert into t values(").append(i * 100 + row).append(", randomblob(3000));");
                }
                guest.run("sqlite3 /tmp/disk/db 'begin;" + rows + "commit;' && holdfast-mark m" + i);
            }
            guest.run("kill $(cat /tmp/load)");
        }
    }

    /// How many transactions the database has at a point; each of them has all of its rows, or none.
    private int transactionsAt(Path disk, String point) throws Exception {
        Path copy = directory.resolve("copy.raw");
        succeeds("disk", "recover", disk.toString(), "--to", point, "--as", copy.toString());
        Program.output("e2fsck", "-p", "-E", "journal_only", copy);
        Program.output("e2fsck", "-f", "-n", copy);
        for (String file : List.of("db", "db-journal")) {
            Path dumped = directory.resolve(file);
            Files.deleteIfExists(dumped);
            Program.output("debugfs", "-R", "dump /" + file + " " + dumped, copy);
        }
        if (Files.exists(directory.resolve("db-journal")) && Files.size(directory.resolve("db-journal")) == 0) {
            Files.delete(directory.resolve("db-journal"));
        }
        Files.delete(copy);
        String found = Program.output(
                "sqlite3", directory.resolve("db"), "pragma integrity_check; select (n / 100) || ' ' || count(*) from t group by n / 100 order by 1 + n / 100");
        List<String> lines = found.lines().toList();
        assertThat(lines.getFirst()).as(point).isEqualTo("ok");
        for (int i = 1; i < lines.size(); i++) {
            assertThat(lines.get(i)).as(point).isEqualTo(i + " " + ROWS);
        }
        return lines.size() - 1;
    }

    @Test
    void itHoldsExactlyWhatWasCommittedAtEveryMarkAndBetweenThem() throws Exception {
        Path disk = protectedDisk();
        transactions(withSqlite(), disk);
        List<Timeline.Mark> marks = ProtectedDisk.timeline(disk).marks();
        assertThat(marks).hasSize(TRANSACTIONS + 1);
        var random = new Random(1);
        for (int i = 0; i <= TRANSACTIONS; i++) {
            assertThat(transactionsAt(disk, "mark:m" + i)).as("at mark m%d", i).isEqualTo(i);
            if (i < TRANSACTIONS) {
                long from = marks.get(i).sequence();
                long between = from + random.nextLong(marks.get(i + 1).sequence() - from);
                assertThat(transactionsAt(disk, "seq:" + between)).as("between m%d and the next, at %d", i, between).isBetween(i, i + 1);
            }
        }
    }
}
