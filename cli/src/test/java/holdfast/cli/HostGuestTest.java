package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.cli.Holdfast.Ended;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// A daemon with real guests, through the commands that a user types. One daemon and one boot serve all tests, which are therefore in an order; each
/// also passes alone.
@Tag("system")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(600)
class HostGuestTest {
    private static final String ONE = "one";

    /// Short: it becomes part of the names of sockets.
    @TempDir
    static Path home;

    private static OwnHost host;

    @BeforeAll
    static void begin() throws IOException {
        host = OwnHost.in(home);
    }

    @AfterAll
    static void end() throws IOException {
        host.close();
    }

    private static void haveDaemon() throws IOException {
        if (host.asked("host", "status").exitCode() != 0) {
            host.start();
        }
    }

    /// The machine that two tests share, since its boot takes longer than all else: as the test before has left it, if there was one.
    private static void haveOne() throws Exception {
        haveDaemon();
        if (host.machines().stream().noneMatch(vm -> vm.path("name").asString().equals(ONE))) {
            Path shared = Files.createDirectories(home.resolve("shared"));
            Files.writeString(shared.resolve("file"), "of the host");
            Path disk = Files.write(home.resolve("disk.raw"), new byte[32 << 20]);
            assertThat(host.runs("launch", "--name", ONE, "--network", "none", "--mount", shared + ":/srv", "--disk", disk.toString())).isEqualTo("one\n");
        }
    }

    @Test
    @Order(1)
    void whatCannotBeIsSaidWithItsExitCode() throws Exception {
        host.refused(3, "cannot be reached", "host", "status");
        // Two first commands at once: each of them starts a daemon, and one of these comes to be it.
        Process first = Holdfast.start(host.builder("list"));
        Process second = Holdfast.start(host.builder("list"));
        assertThat(List.of(Holdfast.ended(first).exitCode(), Holdfast.ended(second).exitCode())).containsOnly(0);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("host")))).isEqualTo("rwx------");
        host.ok("launch", "--name", "idle", "--no-start");
        host.refused(5, "idle: is the name of another machine", "launch", "--name", "idle");
        host.refused(2, "name 'Big'", "launch", "--name", "Big");
        host.refused(2, "cpus: 1000", "launch", "--cpus", "1000");
        host.refused(2, "mount " + home.resolve("none"), "launch", "--mount", home.resolve("none").toString());
        host.refused(2, "has its disks as they are", "launch", "--disk", "a.raw,scratch");
        Path userData = Files.writeString(home.resolve("user-data"), "#!/bin/sh\n");
        host.refused(2, "image tiny: has no cloud-init", "launch", "--user-data", userData.toString());
        host.refused(1, "--user-data " + home.resolve("none") + ": cannot be read", "launch", "--user-data", home.resolve("none").toString());
        host.refused(5, "of memory, and", "launch", "--memory", "4T", "--name", "large");
        host.refused(4, "large: there is no machine of this name", "info", "large");
        host.refused(4, "none: there is no machine of this name", "info", "none");
        host.refused(5, "idle: does not run", "pause", "idle");
        host.refused(5, "idle: does not run", "console", "idle");
        OwnHost.refused(host.run(new byte[0], "exec", "idle", "true"), 125, "idle: does not run");
        host.refused(5, "idle: does not run", "stop", "idle");
        OwnHost.refused(host.run(new byte[0], "host", "start"), 5, "has a daemon already");
        host.refused(1, "image nothing", "launch", "nothing");
        host.ok("start", "--no-wait", "idle");
        host.refused(124, "idle: does not take commands yet", "wait", "idle", "--timeout", "1");
        host.ok("stop", "--force", "idle");
        assertThat(host.info("idle").path("ended").asString()).isEqualTo("its power was cut");
        host.empty();
    }

    @Test
    @Order(3)
    void aMachineOutlivesItsDaemonAndGoesOnWhereItWasSaved() throws Exception {
        haveOne();
        assertThat(host.guest(ONE, "echo kept > /root/file; echo said")).isEqualTo("said\n");
        ProcessHandle before = host.daemon();
        long machine = host.info("one").path("pid").asLong();
        isConfined(machine);
        OwnHost.kill(before);
        assertThat(host.runs("exec", ONE, "--", "cat", "/root/file")).isEqualTo("kept\n");
        assertThat(host.info("one").path("pid").asLong()).isEqualTo(machine);
        assertThat(host.daemon().pid()).isNotEqualTo(before.pid());

        Path events = home.resolve("events");
        Process shown = Holdfast.start(host.builder("events").redirectOutput(events.toFile()));
        Holdfast.awaitText(events, "one: running, takes commands");
        JsonNode top = host.json("top").path(0);
        assertThat(top.path("pid").asLong()).isEqualTo(machine);
        assertThat(top.path("guestBytes").asLong()).isEqualTo(256 << 20);
        assertThat(top.path("residentBytes").asLong()).isBetween(64L << 20, 1L << 30);
        host.ok("pause", "one");
        assertThat(host.info("one").path("state").asString()).isEqualTo("paused");
        host.ok("resume", "one");
        host.ok("rename", "one", "two");
        host.refused(5, "is mounted in the guest", "save", "two");
        host.guest("two", "umount /srv");
        host.ok("save", "two");
        assertThat(host.info("two").path("state").asString()).isEqualTo("saved");
        assertThat(ProcessHandle.of(machine)).isEmpty();
        host.ok("start", "two");
        assertThat(host.guest("two", "cat /root/file; until cat /srv/file 2>/dev/null; do usleep 100000; done")).isEqualTo("kept\nof the host");

        Path screen = home.resolve("screen");
        Process console = Holdfast.start(host.builder("console", "two").redirectOutput(screen.toFile()));
        console.getOutputStream().write("\necho typed $((40 + 2))\n".getBytes(StandardCharsets.UTF_8));
        console.getOutputStream().flush();
        Holdfast.awaitText(screen, "typed 42");
        host.ok("stop", "two");
        assertThat(Holdfast.ended(console).err()).contains("the guest switched its power off");
        assertThat(host.info("two").path("state").asString()).isEqualTo("stopped");
        assertThat(host.info("two").path("ended").asString()).isEqualTo("the guest switched its power off");
        assertThat(host.ok("logs", "two")).contains("Power down");
        Path directory = Path.of(host.info("two").path("directory").asString());
        host.ok("rm", "two");
        assertThat(directory).doesNotExist();
        assertThat(host.machines()).isEmpty();
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
    @Order(2)
    void streamsAndFilesAreWholeAndSizesChange() throws Exception {
        haveOne();
        byte[] much = new byte[300_000];
        new Random(1).nextBytes(much);
        Ended ended = host.run(much, "exec", "one", "--", "sh", "-c", "sha256sum; echo oh >&2; exit 7");
        assertThat(ended.out()).startsWith(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(much)));
        assertThat(ended.err()).isEqualTo("oh\n");
        assertThat(ended.exitCode()).isEqualTo(7);

        copies();
        sizes();
    }

    @Test
    @Order(4)
    void aMachineThatIsKilledIsReportedAndStartsAgain() throws Exception {
        haveDaemon();
        host.ok("launch", "--name", "three", "--no-wait");
        OwnHost.kill(OwnHost.process(host.info("three")));
        host.ok("wait", "three", "--for", "stopped");
        assertThat(host.info("three").path("ended").asString()).isEqualTo("its process was killed");
        host.ok("start", "three", "--no-wait");
        assertThat(host.info("three").path("state").asString()).isEqualTo("running");
        Program.output("kill", "-STOP", host.info("three").path("pid").asString());
        OwnHost.kill(host.daemon());
        assertThat(host.runs("list")).contains("unresponsive");
        host.refused(124, "three: its process does not answer", "pause", "three");
        host.ok("stop", "--force", "three");
        assertThat(host.info("three").path("ended").asString()).isEqualTo("its process was killed");
        host.ok("start", "three", "--no-wait");
        host.refused(5, "three: runs", "rm", "three");
        host.ok("rm", "--force", "three");

        host.ok("launch", "--name", "again", "--restart", "on-failure", "--no-wait");
        host.refused(2, "disk 0: is none", "resize", "again", "--disk", "vda=1G");
        OwnHost.kill(OwnHost.process(host.info("again")));
        await().atMost(OwnHost.PATIENCE).until(() -> host.info("again").path("generation").asLong() == 2 && host.info("again").path("state").asString().equals("running"));
        host.ok("rm", "--force", "again");
    }

    /// In order, and by its power: the run ends with what its own exit codes say.
    @Test
    @Tag("long")
    @Order(5)
    void aRunIsStopped() throws Exception {
        haveDaemon();
        Process run = Holdfast.start(host.builder("run"));
        String name = "run-" + run.pid();
        await().atMost(OwnHost.PATIENCE).until(() -> host.asked("info", name).exitCode() == 0);
        host.ok("wait", name);
        Path shown = home.resolve("shown");
        Process console = Holdfast.start(host.builder("console", name).redirectOutput(shown.toFile()));
        Holdfast.awaitText(shown, "Linux is up");
        host.ok("stop", name);
        assertThat(run.waitFor()).isZero();
        assertThat(Holdfast.ended(console).err()).contains("the guest switched its power off");
        host.refused(4, name + ": there is no machine", "info", name);

        Process exec = Holdfast.start(host.builder("run", "--exec", "sleep 1000"));
        String second = "run-" + exec.pid();
        await().atMost(OwnHost.PATIENCE).until(() -> host.asked("info", second).exitCode() == 0);
        host.ok("stop", "--force", second);
        Ended ended = Holdfast.ended(exec);
        assertThat(ended.err()).contains("its power was cut by 'holdfast stop --force'");
        assertThat(ended.exitCode()).isEqualTo(125);
    }

    /// Of the machine's memory and its disk, while it runs.
    private static void sizes() throws Exception {
        host.ok("resize", "one", "--memory", "160M", "--disk", "vda=48M");
        assertThat(host.guest(ONE, "for i in $(seq 100); do [ $(awk '/MemFree/ {print $2}' /proc/meminfo) -lt 100000 ] && break; sleep 0.1; done; "
                + "[ $i -lt 100 ] && cat /sys/block/vda/size")).isEqualTo("98304\n");
        host.refused(5, "one: was made with 256MiB", "resize", "one", "--memory", "1G");
        host.refused(2, "memoryBytes: 4096", "resize", "one", "--memory", "4K");
        host.refused(2, "is not such as vda=20G", "resize", "one", "--disk", "20G");
        host.refused(2, "disk 1: is none of its 1", "resize", "one", "--disk", "vdb=1G");
        host.refused(2, "nothing is to be changed", "resize", "one");
        host.ok("resize", "one", "--memory", "256M");
    }

    /// There and back, and what is refused. Each leaves nothing behind but what was copied.
    private static void copies() throws Exception {
        Path source = home.resolve("source");
        Files.createDirectories(source.resolve("sub"));
        byte[] content = new byte[200_000];
        new Random(2).nextBytes(content);
        Path big = Files.write(source.resolve("sub/big"), content);
        Files.setPosixFilePermissions(big, PosixFilePermissions.fromString("rwxr-x---"));
        host.ok("cp", "-r", source.toString(), "one:/tmp/there");
        assertThat(host.guest(ONE, "cd /tmp/there/sub; stat -c %a big; sha256sum big"))
                .startsWith("750\n" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
        Path back = Files.createDirectory(home.resolve("back"));
        host.ok("cp", "one:/tmp/there/sub/big", back.toString());
        assertThat(back.resolve("big")).hasBinaryContent(content);
        host.ok("cp", "-r", "one:/tmp/there", back.toString());
        assertThat(back.resolve("there/sub/big")).hasBinaryContent(content);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(back.resolve("there/sub/big")))).isEqualTo("rwxr-x---");

        host.refused(1, "is a directory", "cp", source.toString(), "one:");
        host.refused(1, "is there already", "cp", "-r", "one:/tmp/there", back.toString());
        host.refused(1, "one:/none: is not there", "cp", "one:/none", back.toString());
        host.refused(1, "one:/none/big: ", "cp", big.toString(), "one:/none/big");
        host.refused(2, "one of", "cp", big.toString(), back.toString());
        host.refused(4, "none: there is no machine", "cp", big.toString(), "none:/tmp/");
        cutOff();
        assertThat(host.guest(ONE, "ls -A /tmp /root").lines()).contains("there").doesNotContain("big", "huge");
        try (var files = Files.list(back)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName()))).containsExactlyInAnyOrder("big", "there");
        }
    }

    /// The guest has no room for all of it: nothing of it stays.
    private static void cutOff() throws Exception {
        host.guest(ONE, "mkdir /tmp/small; mount -t tmpfs -o size=4m none /tmp/small");
        Path huge = home.resolve("huge");
        try (var file = new RandomAccessFile(huge.toFile(), "rw")) {
            file.setLength(64 << 20);
        }
        host.refused(1, "one:/tmp/small/huge: ", "cp", huge.toString(), "one:/tmp/small/huge");
        assertThat(host.guest(ONE, "ls -A /tmp/small; umount /tmp/small; rmdir /tmp/small")).isEmpty();
        Files.delete(huge);
    }
}
