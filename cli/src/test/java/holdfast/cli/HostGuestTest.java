package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.cli.Holdfast.Ended;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A daemon with real guests, through the commands that a user types.
@Tag("system")
@Timeout(600)
class HostGuestTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    /// Images are built once, for all tests.
    @BeforeEach
    void begin() throws IOException {
        Path images = Files.createDirectories(Holdfast.home().resolve("images"));
        Files.createSymbolicLink(home.resolve("images"), images);
    }

    @AfterEach
    void end() throws Exception {
        runs("list"); // there is a daemon, whatever the test has done to it
        for (JsonNode vm : machines()) {
            ok("rm", "--force", vm.path("name").asString());
        }
        ok("host", "stop");
    }

    private ProcessBuilder builder(String... words) {
        ProcessBuilder builder = Holdfast.builder(words);
        builder.environment().put("HOLDFAST_HOME", home.toString());
        builder.environment().remove("HOLDFAST_SOCKET");
        return builder;
    }

    /// As a process of its own.
    private Ended run(byte[] stdin, String... words) throws IOException, InterruptedException {
        Process process = Holdfast.start(builder(words));
        Thread.ofVirtual().start(() -> {
            try (var in = process.getOutputStream()) {
                in.write(stdin);
            } catch (IOException e) {
                // A program that has ended reads no more; its exit code says whether that was right.
                process.isAlive();
            }
        });
        return Holdfast.ended(process);
    }

    private String runs(String... words) throws IOException, InterruptedException {
        Ended ended = run(new byte[0], words);
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    /// In this process, which takes a tenth of the time: the daemon is there.
    private Invocation asked(String... words) {
        var all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--socket", home.resolve("host/host.sock").toString()));
        return Invocation.of(all.toArray(String[]::new));
    }

    private String ok(String... words) {
        Invocation ended = asked(words);
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    private void refused(int exitCode, String message, String... words) {
        refused(asked(words), exitCode, message);
    }

    private static void refused(Ended ended, int exitCode, String message) {
        refused(new Invocation(ended.exitCode(), ended.out(), ended.err()), exitCode, message);
    }

    private static void refused(Invocation ended, int exitCode, String message) {
        assertThat(ended.err()).contains(message).doesNotContain("\tat ");
        assertThat(ended.err().lines().count()).isLessThanOrEqualTo(4);
        assertThat(ended.exitCode()).as(ended.err()).isEqualTo(exitCode);
    }

    private JsonNode machines() {
        return JSON.readTree(ok("list", "-o", "json"));
    }

    private JsonNode info(String name) {
        return JSON.readTree(ok("info", "-o", "json", name));
    }

    private ProcessHandle daemon() {
        return ProcessHandle.of(JSON.readTree(ok("host", "status", "-o", "json")).path("pid").asLong()).orElseThrow();
    }

    private static void kill(ProcessHandle process) {
        process.destroyForcibly();
        await().atMost(Duration.ofSeconds(30)).until(() -> !process.isAlive());
    }

    @Test
    void aMachineOutlivesItsDaemonAndGoesOnWhereItWasSaved() throws Exception {
        Path shared = Files.createDirectory(home.resolve("shared"));
        Files.writeString(shared.resolve("file"), "of the host");
        assertThat(runs("launch", "--name", "one", "--network", "none", "--mount", shared + ":/srv")).isEqualTo("one\n");
        assertThat(runs("exec", "one", "echo kept > /root/file; echo said")).isEqualTo("said\n");
        ProcessHandle before = daemon();
        long machine = info("one").path("pid").asLong();
        isConfined(machine);
        kill(before);
        assertThat(runs("exec", "one", "--", "cat", "/root/file")).isEqualTo("kept\n");
        assertThat(info("one").path("pid").asLong()).isEqualTo(machine);
        assertThat(daemon().pid()).isNotEqualTo(before.pid());

        Path events = home.resolve("events");
        Process shown = Holdfast.start(builder("events").redirectOutput(events.toFile()));
        Holdfast.awaitText(events, "one: running, takes commands");
        JsonNode top = JSON.readTree(ok("top", "-o", "json")).path(0);
        assertThat(top.path("pid").asLong()).isEqualTo(machine);
        assertThat(top.path("guestBytes").asLong()).isEqualTo(256 << 20);
        assertThat(top.path("residentBytes").asLong()).isBetween(64L << 20, 1L << 30);
        ok("pause", "one");
        assertThat(info("one").path("state").asString()).isEqualTo("paused");
        ok("resume", "one");
        ok("rename", "one", "two");
        refused(5, "is mounted in the guest", "save", "two");
        runs("exec", "two", "umount /srv");
        ok("save", "two");
        assertThat(info("two").path("state").asString()).isEqualTo("saved");
        assertThat(ProcessHandle.of(machine)).isEmpty();
        ok("start", "two");
        assertThat(runs("exec", "two", "cat /root/file; until cat /srv/file 2>/dev/null; do usleep 100000; done")).isEqualTo("kept\nof the host");

        ok("stop", "two");
        assertThat(info("two").path("state").asString()).isEqualTo("stopped");
        assertThat(info("two").path("ended").asString()).isEqualTo("the guest switched its power off");
        assertThat(ok("logs", "two")).contains("Power down");
        Path directory = Path.of(info("two").path("directory").asString());
        ok("rm", "two");
        assertThat(directory).doesNotExist();
        assertThat(machines()).isEmpty();
        Holdfast.awaitText(events, "two: removing");
        shown.destroy();
        assertThat(Files.readString(events))
                .contains("one: paused", "two: running", "two: saved", "two: starting", "two: ending", "two: stopped");
    }

    /// In all of its threads; ConfinementTest shows what that means.
    private static void isConfined(long process) throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + process + "/task"))) {
            for (Path task : (Iterable<Path>) tasks::iterator) {
                assertThat(Files.readString(task.resolve("status"))).contains("NoNewPrivs:\t1", "Seccomp:\t2");
            }
        }
        assertThat(Path.of("/proc/" + process + "/comm")).hasContent("holdfast");
    }

    @Test
    void aMachineThatIsKilledIsReportedAndStartsAgainAndItsStreamsAreWhole() throws Exception {
        Path disk = Files.write(home.resolve("disk.raw"), new byte[32 << 20]);
        runs("launch", "--name", "one", "--network", "none", "--disk", disk.toString());
        byte[] much = new byte[300_000];
        new Random(1).nextBytes(much);
        Ended ended = run(much, "exec", "one", "--", "sh", "-c", "sha256sum; echo oh >&2; exit 7");
        assertThat(ended.out()).startsWith(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(much)));
        assertThat(ended.err()).isEqualTo("oh\n");
        assertThat(ended.exitCode()).isEqualTo(7);

        copies();
        sizes();

        Ended typed = run("\necho typed $((40 + 2)); poweroff -f\n".getBytes(StandardCharsets.UTF_8), "console", "one");
        assertThat(typed.out()).contains("typed 42");
        assertThat(typed.err()).contains("the guest switched its power off");
        ok("wait", "one", "--for", "stopped");

        ok("start", "one", "--no-wait");
        Optional<ProcessHandle> process = ProcessHandle.of(info("one").path("pid").asLong());
        kill(process.orElseThrow());
        ok("wait", "one", "--for", "stopped");
        assertThat(info("one").path("ended").asString()).isEqualTo("its process was killed");
        ok("start", "one", "--no-wait");
        assertThat(info("one").path("state").asString()).isEqualTo("running");
        refused(5, "one: runs", "rm", "one");
        ok("rm", "--force", "one");

        ok("launch", "--name", "again", "--restart", "on-failure", "--no-wait");
        refused(2, "disk 0: is none", "resize", "again", "--disk", "vda=1G");
        kill(ProcessHandle.of(info("again").path("pid").asLong()).orElseThrow());
        await().atMost(Duration.ofSeconds(60)).until(() -> info("again").path("generation").asLong() == 2 && info("again").path("state").asString().equals("running"));
        ok("rm", "--force", "again");
        assertThat(machines()).isEmpty();
    }

    /// Of the machine's memory and its disk, while it runs.
    private void sizes() throws Exception {
        ok("resize", "one", "--memory", "160M", "--disk", "vda=48M");
        assertThat(runs("exec", "one", "for i in $(seq 100); do [ $(awk '/MemFree/ {print $2}' /proc/meminfo) -lt 100000 ] && break; sleep 0.1; done; "
                + "[ $i -lt 100 ] && cat /sys/block/vda/size")).isEqualTo("98304\n");
        refused(5, "one: was made with 256MiB", "resize", "one", "--memory", "1G");
        refused(2, "memoryBytes: 4096", "resize", "one", "--memory", "4K");
        refused(2, "is not such as vda=20G", "resize", "one", "--disk", "20G");
        refused(2, "disk 1: is none of its 1", "resize", "one", "--disk", "vdb=1G");
        refused(2, "nothing is to be changed", "resize", "one");
        ok("resize", "one", "--memory", "256M");
    }

    /// There and back, and what is refused. Each leaves nothing behind but what was copied.
    private void copies() throws Exception {
        Path source = home.resolve("source");
        Files.createDirectories(source.resolve("sub"));
        byte[] content = new byte[200_000];
        new Random(2).nextBytes(content);
        Path big = Files.write(source.resolve("sub/big"), content);
        Files.setPosixFilePermissions(big, PosixFilePermissions.fromString("rwxr-x---"));
        ok("cp", "-r", source.toString(), "one:/tmp/there");
        assertThat(runs("exec", "one", "cd /tmp/there/sub; stat -c %a big; sha256sum big"))
                .startsWith("750\n" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
        Path back = Files.createDirectory(home.resolve("back"));
        ok("cp", "one:/tmp/there/sub/big", back.toString());
        assertThat(back.resolve("big")).hasBinaryContent(content);
        ok("cp", "-r", "one:/tmp/there", back.toString());
        assertThat(back.resolve("there/sub/big")).hasBinaryContent(content);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(back.resolve("there/sub/big")))).isEqualTo("rwxr-x---");

        refused(1, "is a directory", "cp", source.toString(), "one:");
        refused(1, "is there already", "cp", "-r", "one:/tmp/there", back.toString());
        refused(1, "one:/none: is not there", "cp", "one:/none", back.toString());
        refused(1, "one:/none/big: ", "cp", big.toString(), "one:/none/big");
        refused(2, "one of", "cp", big.toString(), back.toString());
        refused(4, "none: there is no machine", "cp", big.toString(), "none:/tmp/");
        cutOff();
        assertThat(runs("exec", "one", "ls -A /tmp /root").lines()).contains("there").doesNotContain("big", "huge");
        try (var files = Files.list(back)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName()))).containsExactlyInAnyOrder("big", "there");
        }
    }

    /// The guest has no room for all of it: nothing of it stays.
    private void cutOff() throws Exception {
        runs("exec", "one", "mkdir /tmp/small; mount -t tmpfs -o size=4m none /tmp/small");
        Path huge = home.resolve("huge");
        try (var file = new RandomAccessFile(huge.toFile(), "rw")) {
            file.setLength(64 << 20);
        }
        refused(1, "one:/tmp/small/huge: ", "cp", huge.toString(), "one:/tmp/small/huge");
        assertThat(runs("exec", "one", "ls -A /tmp/small; umount /tmp/small; rmdir /tmp/small")).isEmpty();
        Files.delete(huge);
    }

    @Test
    void whatCannotBeIsSaidWithItsExitCode() throws Exception {
        refused(3, "cannot be reached", "host", "status");
        // Two first commands at once: each of them starts a daemon, and one of these comes to be it.
        Process first = Holdfast.start(builder("list"));
        Process second = Holdfast.start(builder("list"));
        assertThat(List.of(Holdfast.ended(first).exitCode(), Holdfast.ended(second).exitCode())).containsOnly(0);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("host")))).isEqualTo("rwx------");
        runs("launch", "--name", "one", "--no-start");
        refused(5, "one: is the name of another machine", "launch", "--name", "one");
        refused(2, "name 'Big'", "launch", "--name", "Big");
        refused(2, "cpus: 1000", "launch", "--cpus", "1000");
        refused(2, "mount " + home.resolve("none"), "launch", "--mount", home.resolve("none").toString());
        refused(2, "has its disks as they are", "launch", "--disk", "a.raw,scratch");
        Path userData = Files.writeString(home.resolve("user-data"), "#!/bin/sh\n");
        refused(2, "image tiny: has no cloud-init", "launch", "--user-data", userData.toString());
        refused(1, "--user-data " + home.resolve("none") + ": cannot be read", "launch", "--user-data", home.resolve("none").toString());
        refused(5, "of memory, and", "launch", "--memory", "4T", "--name", "large");
        refused(4, "none: there is no machine of this name", "info", "none");
        refused(5, "one: does not run", "pause", "one");
        refused(5, "one: does not run", "console", "one");
        refused(run(new byte[0], "exec", "one", "true"), 125, "one: does not run");
        refused(5, "one: does not run", "stop", "one");
        refused(run(new byte[0], "host", "start"), 5, "has a daemon already");
        refused(1, "image nothing", "launch", "nothing");
        ok("start", "--no-wait", "one");
        refused(124, "one: does not take commands yet", "wait", "one", "--timeout", "1");
        ok("stop", "--force", "one");
        assertThat(info("one").path("ended").asString()).isEqualTo("its power was cut");
    }
}
