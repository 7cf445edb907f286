package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's kernel, booted by the program as a user starts it.
@Tag("system")
@Timeout(600)
class RunGuestTest {
    @TempDir
    Path directory;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aCommandsOutputAndErrorsComeApartItsExitCodeIsTheRunsAndItIgnoresNoSignal() throws Exception {
        Ended ended = Holdfast.run("run", "--exec", "uname -sm; grep SigIgn /proc/self/status; echo oh >&2; exit 7");
        assertThat(ended.out()).isEqualTo("Linux riscv64\nSigIgn:\t0000000000000000\n");
        assertThat(ended.err()).isEqualTo("oh\n");
        assertThat(ended.exitCode()).isEqualTo(7);
    }

    @Test
    void aReaderThatDoesNotReadKeepsTheGuestWaitingAndASignalEndsTheRunAllTheSame() throws Exception {
        Path state = directory.resolve("state");
        Path count = directory.resolve("count");
        String command = "while head -c 65536 /dev/zero; do echo . >&2; done";
        Process process = Holdfast.start(
                Holdfast.builder("run", "--cpus", "2", "--save-on-exit", state.toString(), "--exec", command)
                        .redirectError(count.toFile()));
        org.awaitility.Awaitility.await()
                .atMost(200, TimeUnit.SECONDS)
                .pollInterval(3, TimeUnit.SECONDS)
                .until(() -> Files.size(count), new Settled());
        assertThat(Files.readAllLines(count)).as("pieces of 64 KiB that were taken").hasSizeLessThan(64);
        process.toHandle().destroy();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(143);
        assertThat(count).content().contains("saved; go on with");
    }

    /// A number above zero that is the same twice.
    private static final class Settled extends org.hamcrest.BaseMatcher<Long> {
        private Object last = 0L;

        @Override
        public boolean matches(Object now) {
            boolean settled = now.equals(last) && !now.equals(0L);
            last = now;
            return settled;
        }

        @Override
        public void describeTo(org.hamcrest.Description description) {
            description.appendText("a number that does not change");
        }
    }

    @Test
    void twoRunsOfOneImageGoOnAtOnceAndOneReadsStandardInputToItsEndOnTwoHarts() throws Exception {
        var data = new byte[300_000];
        new Random(1).nextBytes(data);
        Process other = Holdfast.start("run", "--exec", "nproc");
        other.getOutputStream().close();
        Ended ended = Holdfast.run(data, "run", "--cpus", "2", "--exec", "nproc; cat");
        assertThat(ended.exitCode()).isZero();
        assertThat(ended.out()).startsWith("2\n");
        assertThat(Arrays.copyOfRange(ended.outBytes(), 2, ended.outBytes().length)).isEqualTo(data);
        assertThat(Holdfast.ended(other).out()).isEqualTo("1\n");
    }

    @Test
    void theConsoleOffATerminalIsTypedIntoRebootsAndPowersOff() throws Exception {
        Path log = directory.resolve("console");
        Process process = Holdfast.start("run", "--console-log", log.toString());
        try (var in = process.getOutputStream()) {
            in.write(bytes("echo once; reboot -f\n"));
            in.flush();
            Holdfast.awaitText(log, "once\r\n");
            org.awaitility.Awaitility.await().atMost(200, TimeUnit.SECONDS).until(() -> banners(log) == 2);
            in.write(bytes("poweroff\n"));
        }
        Ended ended = Holdfast.ended(process);
        assertThat(ended.exitCode()).isZero();
        assertThat(log).hasBinaryContent(ended.outBytes());
    }

    private static int banners(Path log) throws IOException {
        return Files.readString(log, StandardCharsets.ISO_8859_1).split("Linux is up", -1).length - 1;
    }

    @Test
    void aPanicEndsTheRunWithItsLastLines() throws Exception {
        Ended ended = Holdfast.run(bytes("echo c >/proc/sysrq-trigger\n"), "run");
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.err()).contains("panicked").contains("sysrq triggered crash");
    }

    @Test
    void theSameInputsGiveTheSameRunAndARecordReplaysIt() throws Exception {
        byte[] script = bytes("cat /proc/uptime; head -c 8 /dev/urandom | base64; poweroff\n");
        Path record = directory.resolve("record");
        Ended first = Holdfast.run(script, "run", "--deterministic");
        Ended second = Holdfast.run(script, "run", "--deterministic");
        assertThat(first.exitCode()).isZero();
        assertThat(second.out()).isEqualTo(first.out()).contains("Power down");
        Ended recorded = Holdfast.run(script, "run", "--record", record.toString());
        assertThat(recorded.out()).isNotEqualTo(first.out());
        Ended replayed = Holdfast.run("run", "--replay", record.toString());
        assertThat(replayed.outBytes()).isEqualTo(recorded.outBytes());
        assertThat(replayed.err()).isEmpty();
        assertThat(replayed.exitCode()).isZero();
    }

    @Test
    void aGuestSavedInMidLoadGoesOnWithItsChecksumUnbroken() throws Exception {
        Path log = directory.resolve("console");
        Path state = directory.resolve("state");
        Process process = Holdfast.start("run", "--save-on-exit", state.toString(), "--console-log", log.toString());
        String load = "echo begun; dd if=/dev/zero bs=1M count=64 2>/dev/null | sha256sum; poweroff\n";
        process.getOutputStream().write(bytes(load));
        process.getOutputStream().flush();
        Holdfast.awaitText(log, "begun\r\n");
        process.toHandle().destroy();
        Ended saved = Holdfast.ended(process);
        assertThat(saved.exitCode()).isEqualTo(143);
        assertThat(saved.err()).contains("saved; go on with: holdfast run --restore " + state);
        assertThat(saved.out()).doesNotContain("Power down");

        Ended restored = Holdfast.run("run", "--restore", state.toString());
        assertThat(restored.out()).contains(sha256OfZeros(64 << 20)).contains("Power down");
        assertThat(restored.exitCode()).isZero();

        Ended command = Holdfast.run("run", "--restore", state.toString(), "--exec", "cut -d. -f1 /proc/uptime");
        assertThat(command.err()).isEmpty();
        assertThat(command.exitCode()).isZero();
    }

    private static String sha256OfZeros(int count) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(new byte[count]));
    }

    @Test
    void aKilledRunLeavesNothingThatBlocksTheNextWhoseCommandWritesToTheDiskAndIsKilled(@TempDir Path home) throws Exception {
        Path disk = directory.resolve("disk.raw");
        Files.write(disk, new byte[1 << 20]);
        Path log = directory.resolve("console");
        try (OwnHost host = OwnHost.in(home)) {
            Process process = Holdfast.start(host.builder("run", "--disk", disk.toString(), "--console-log", log.toString()));
            Holdfast.awaitText(log, "Linux is up");
            Stream<ProcessHandle> below = process.descendants();
            assertThat(below).isEmpty();
            isAmongMachines(host, "run-" + process.pid(), disk);
            process.toHandle().destroyForcibly();
            process.waitFor();
            org.awaitility.Awaitility.await().atMost(OwnHost.PATIENCE).until(() -> host.machines().isEmpty());
        }
        try (Stream<Path> left = Files.list(home.resolve("host/runs"))) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactly("lock");
        }
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("disk.raw", "console");
        }
        String command = "dd of=/dev/vda 2>/dev/null; kill -INT $$; echo survived";
        Ended next = Holdfast.run(bytes("written"), "run", "--disk", disk.toString(), "--console-log", log.toString(), "--exec", command);
        assertThat(next.err()).isEmpty();
        assertThat(next.out()).isEmpty();
        assertThat(next.exitCode()).isEqualTo(130);
        assertThat(Arrays.copyOf(Files.readAllBytes(disk), 7)).asString().isEqualTo("written");
    }

    /// A daemon that comes later finds the run, and so does the one after that was killed.
    private static void isAmongMachines(OwnHost host, String name, Path disk) throws Exception {
        host.start();
        assertThat(host.ok("list")).containsPattern(name + " +running +tiny +1 +256 MiB");
        assertThat(host.info(name).path("spec").path("disks").path(0).path("file").asString()).isEqualTo(disk.toString());
        assertThat(host.guest(name, "echo kept >/root/file; sync; echo said")).isEqualTo("said\n");
        String whose = name + ": belongs to a 'holdfast run'";
        host.refused(5, whose, "start", name);
        host.refused(5, whose, "rename", name, "other");
        host.refused(5, whose, "rm", "--force", name);
        host.refused(5, whose, "save", name);
        host.refused(5, whose, "resize", name, "--memory", "128M");
        host.refused(5, whose, "edit", name, "--set", "cpus=2");
        host.refused(5, whose, "ssh", name);
        host.refused(5, whose, "port", "add", name, "18080:80");
        OwnHost.kill(host.daemon());
        host.start();
        host.ok("pause", name);
        assertThat(host.info(name).path("state").asString()).isEqualTo("paused");
        host.ok("resume", name);
        assertThat(host.guest(name, "cat /root/file")).isEqualTo("kept\n");
        assertThat(host.ok("logs", name)).contains("Linux is up");
        assertThat(host.json("top").path(0).path("residentBytes").asLong()).isGreaterThan(64L << 20);
    }
}
