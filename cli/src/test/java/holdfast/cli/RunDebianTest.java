package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import holdfast.image.Image;
import holdfast.image.ImageStore;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A whole Debian, as a user has it: on a terminal, kept, saved and restored. The image is built first where there is none.
@Tag("system")
@Tag("long")
@Timeout(3000)
final class RunDebianTest {
    private static final Duration PATIENCE = Duration.ofMinutes(20);
    private static final String PROMPT = "root@debian:~#";
    private static final String ZEROS_64_MIB = "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351";

    @TempDir
    Path directory;

    private static String shellCommand(String... args) {
        return Holdfast.command(args).stream()
                .map(word -> "'" + word + "'")
                .collect(Collectors.joining(" ", "HOLDFAST_HOME='" + Holdfast.home() + "' ", "; echo exit=$?"));
    }

    @Test
    @Needs("e2fsck")
    void onATerminalItBootsToALoginAndItsPowerOffEndsTheRunAndItsDiskIsKept() throws Exception {
        try (var pty = new Pty(shellCommand("run", "debian", "--keep", "kept"))) {
            pty.awaits("debian login: root (automatic login)", PATIENCE).awaits(PROMPT, PATIENCE);
            pty.types("systemctl is-system-running --wait\r").awaits("running\r\n", PATIENCE);
            pty.types("echo written by $(whoami) on $(tty) >mark\r").types("poweroff\r");
            assertThat(pty.ends(PATIENCE))
                    .contains("reboot: Power down")
                    .contains("the disk is kept; run it with: holdfast run kept")
                    .contains("exit=0");
        }
        ImageStore store = ImageStore.open(Holdfast.home(), Clock.systemUTC());
        Image kept = store.find("kept").orElseThrow();
        Program.output("e2fsck", "-fn", Objects.requireNonNull(kept.disk()));

        Ended again = Holdfast.ended(begun("run", "kept", "--exec", "cat mark; uname -m"), PATIENCE);
        assertThat(again.err()).isEmpty();
        assertThat(again.out()).isEqualTo("written by root on /dev/ttyS0\nriscv64\n");
        assertThat(again.exitCode()).isZero();
        store.remove("kept");
    }

    private static Process begun(String... args) throws Exception {
        Process process = Program.start(Holdfast.builder(args), PATIENCE);
        process.getOutputStream().close();
        return process;
    }

    @Test
    void savedWhileItWritesToItsDiskItGoesOnAsOftenAsOneLikes() throws Exception {
        Path log = directory.resolve("console");
        Path state = directory.resolve("state");
        var builder = Holdfast.builder("run", "debian", "--save-on-exit", state.toString(), "--console-log", log.toString());
        Process process = Program.start(builder, PATIENCE.multipliedBy(3));
        Holdfast.awaitText(log, PROMPT, PATIENCE);
        String load = "echo begun; head -c 64M /dev/zero | tee copy | sha256sum; sync; echo 3 >/proc/sys/vm/drop_caches; "
                + "sha256sum <copy; poweroff\n";
        process.getOutputStream().write(load.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        Holdfast.awaitText(log, "begun\r\n", PATIENCE);
        process.toHandle().destroy();
        Ended saved = Holdfast.ended(process, PATIENCE);
        assertThat(saved.exitCode()).isEqualTo(143);
        assertThat(saved.err()).contains("saved; go on with: holdfast run --restore " + state);
        assertThat(saved.out()).doesNotContain(ZEROS_64_MIB);

        for (int life = 0; life < 2; life++) {
            Ended restored = Holdfast.ended(Program.start(Holdfast.builder("run", "--restore", state.toString()), PATIENCE), PATIENCE);
            assertThat(restored.out().split(ZEROS_64_MIB, -1)).as(restored.out()).hasSize(3);
            assertThat(restored.out()).contains("Power down");
            assertThat(restored.exitCode()).isZero();
        }
    }
}
