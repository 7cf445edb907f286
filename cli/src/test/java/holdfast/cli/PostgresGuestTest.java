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
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's PostgreSQL in a guest, with a mark behind each transaction while others write to the same disk. Further guests get the disk as it was at each
/// mark and between them, and open the database there.
@Tag("system")
@Tag("long")
@Timeout(3000)
@Needs("mke2fs")
class PostgresGuestTest {
    private static final int TRANSACTIONS = 20;
    private static final int ROWS = 10;

    /// Disks that one guest looks at.
    private static final int POINTS = 7;

    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final String SETTINGS = "-k /tmp -c listen_addresses= -c max_wal_size=64MB -c shared_buffers=16MB";

    @TempDir
    Path directory;

    private static String succeeds(String... args) throws IOException, InterruptedException {
        Ended ended = Holdfast.run(args);
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        return ended.out();
    }

    /// In a home of its own, so that other tests keep theirs.
    private Image withPostgres() throws Exception {
        OwnHost.withPackages(directory, "e2fsprogs,postgresql-17,postgresql-client-17,tzdata");
        return ImageStore.open(directory, Clock.systemUTC()).find("tiny").orElseThrow();
    }

    private Path protectedDisk() throws Exception {
        Path raw = directory.resolve("empty.raw");
        try (var file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(256 << 20);
        }
        Program.output("mke2fs", "-q", "-t", "ext4", "-F", raw);
        Path disk = directory.resolve("d.vhdx");
        succeeds("disk", "convert", raw.toString(), disk.toString());
        succeeds("disk", "protect", disk.toString(), "--journal", directory.resolve("journal").toString());
        return disk;
    }

    private GuestShell guest(Image image, List<String> disks) throws IOException {
        var options = new ArrayList<>(List.of(
                "--kernel", Objects.requireNonNull(image.kernel()).toString(), "--initrd", Objects.requireNonNull(image.initrd()).toString(), "--append",
                image.append(), "--memory", "1G"));
        disks.forEach(disk -> options.addAll(List.of("--disk", disk)));
        var guest = new GuestShell(directory.resolve("errors"), PATIENCE, options.toArray(String[]::new));
        guest.run("echo postgres:x:70:70::/pg:/bin/sh >>/etc/passwd; mkdir /pg");
        return guest;
    }

    /// Words of a shell that starts the server on the file system in `/pg`, and waits until it answers.
    private static String starting() {
        return "su postgres -c \"$(echo /usr/lib/postgresql/*/bin)/pg_ctl -D /pg/data -o '" + SETTINGS + "' -l /tmp/server -t 600 -w start\" || { cat /tmp/server; false; }";
    }

    private static String stopping() {
        return "su postgres -c \"$(echo /usr/lib/postgresql/*/bin)/pg_ctl -D /pg/data -t 600 -m fast -w stop\"";
    }

    private static String asking(String query) {
        return "su postgres -c \"$(echo /usr/lib/postgresql/*/bin)/psql -h /tmp -qAtX -v ON_ERROR_STOP=1 -c '" + query + "' postgres\"";
    }

    private void transactions(Image image, Path disk) throws Exception {
        try (var guest = guest(image, List.of(disk.toString()))) {
            guest.run("mount -t ext4 /dev/vda /pg && install -d -o 70 -g 70 -m 700 /pg/data");
            guest.run("su postgres -c \"$(echo /usr/lib/postgresql/*/bin)/initdb -D /pg/data -A trust --no-locale -E UTF8 --wal-segsize=1\"");
            guest.run(starting());
            guest.run(asking("create table t(n integer primary key, x text)"));
            guest.run("holdfast-mark m0");
            guest.run("(while head -c 300000 /dev/urandom >/pg/noise; do sync; rm /pg/noise; done) >/dev/null 2>&1 & echo $! >/tmp/load");
            for (int i = 1; i <= TRANSACTIONS; i++) {
                String insert = "insert into t select " + i * 100 + " + r, repeat(md5(r::text), 90) from generate_series(1, " + ROWS + ") r";
                guest.run(asking("begin; " + insert + "; update t set x = x || 1 where n % 7 = 0; commit") + " && holdfast-mark m" + i);
            }
            guest.run("kill $(cat /tmp/load)");
        }
    }

    /// How many transactions the database on a disk has; each of them has all of its rows, or none. Then the file system is clean.
    private static int transactionsOn(GuestShell guest, String device, String point) throws IOException {
        guest.run("mount -t ext4 " + device + " /pg && rm -f /pg/data/postmaster.pid");
        guest.run(starting());
        List<String> lines = guest.run(asking("select n / 100, count(*), count(distinct n) from t group by 1 order by 1")).lines()
                .filter(line -> !line.isEmpty()).toList();
        for (int i = 0; i < lines.size(); i++) {
            assertThat(lines.get(i)).as(point).isEqualTo((i + 1) + "|" + ROWS + "|" + ROWS);
        }
        guest.run(stopping());
        // Its process ends a little after it has said that it has stopped.
        guest.run("i=0; until umount /pg; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done; e2fsck -f -n " + device);
        return lines.size();
    }

    @Test
    void itHoldsExactlyWhatWasCommittedAtEveryMarkAndBetweenThem() throws Exception {
        Path disk = protectedDisk();
        Image image = withPostgres();
        transactions(image, disk);
        List<Timeline.Mark> marks = ProtectedDisk.timeline(disk).marks();
        assertThat(marks).hasSize(TRANSACTIONS + 1);
        var points = new ArrayList<String>();
        var random = new Random(1);
        for (int i = 0; i <= TRANSACTIONS; i++) {
            points.add("mark:m" + i);
            if (i < TRANSACTIONS) {
                long from = marks.get(i).sequence();
                points.add("seq:" + (from + random.nextLong(marks.get(i + 1).sequence() - from)));
            }
        }
        for (int first = 0; first < points.size(); first += POINTS) {
            List<String> some = points.subList(first, Math.min(points.size(), first + POINTS));
            try (var guest = guest(image, some.stream().map(point -> disk + "@" + point + ",scratch").toList())) {
                for (int i = 0; i < some.size(); i++) {
                    int before = (first + i) / 2;
                    int after = (first + i + 1) / 2;
                    assertThat(transactionsOn(guest, "/dev/vd" + (char) ('a' + i), some.get(i))).as(some.get(i)).isBetween(before, after);
                }
            }
        }
    }
}
