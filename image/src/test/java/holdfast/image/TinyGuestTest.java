package holdfast.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.image.QemuGuest.Result;
import holdfast.image.QemuGuest.Session;
import holdfast.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real tiny, built from Debian's packages, in QEMU.
@Tag("system")
@Needs("qemu-system-riscv64")
final class TinyGuestTest {
    @TempDir
    static Path home;

    private static Path sockets;
    private static QemuGuest guest;

    @BeforeAll
    static void boots() throws IOException, InterruptedException {
        ImageStore store = ImageStore.open(home, Clock.systemUTC());
        Path cache = Places.of(System.getenv()).cache();
        Image tiny = new ImageBuilder(store, cache).build(new Recipe.Tiny("tiny", List.of("e2fsprogs")), Progress.NONE);
        sockets = Files.createTempDirectory("hf");
        Path disk = Files.write(home.resolve("disk"), new byte[64 << 20]);
        guest = QemuGuest.boot(tiny, sockets, "-device", "virtio-blk-pci,drive=d0", "-drive", "if=none,id=d0,format=raw,file=" + disk);
        guest.awaitConsole("~ #");
    }

    @AfterAll
    static void ends() throws IOException {
        if (guest != null) {
            guest.close();
        }
        if (sockets != null) {
            Temporary.remove(sockets);
        }
    }

    @Test
    void firstLineSaysThatLinuxIsUp() {
        assertThat(guest.console()).contains("Holdfast tiny: Linux is up");
    }

    @Test
    void commandsOutputErrorsAndExitCodeComeSeparately() {
        Session session = guest.session(0).ready();
        assertThat(session.run("uname -sm; echo wrong >&2; exit 3")).isEqualTo(new Result(3, "Linux riscv64\n", "wrong\n"));
        assertThat(session.run("cat; pwd", "one\ntwo".getBytes(UTF_8))).isEqualTo(new Result(0, "one\ntwo/root\n", ""));
        assertThat(session.run("kill -9 $$").exitCode()).isEqualTo(137);
        assertThat(session.run("no-such-program").exitCode()).isEqualTo(127);
        assertThat(session.run("printf '%s' 'ä \"quoted\" $HOME' \"$HOME\" \\\n'\\n'\n\n").out()).isEqualTo("ä \"quoted\" $HOME/root\\n");
        // What a command does not read is not the next one's.
        assertThat(session.run("true", new byte[20_000]).exitCode()).isZero();
        assertThat(session.run("cat", "mine".getBytes(UTF_8)).out()).isEqualTo("mine");
        // Ended by the command, since QEMU throws away what it has not read from a socket that is closed.
        session.start("head -c 300000 | wc -c; echo done >&2");
        session.input(new byte[300_000]);
        assertThat(session.end()).isEqualTo(new Result(0, "300000\n", "done\n"));
        assertThat(session.run("head -c 300000 /dev/zero").out()).hasSize(300_000);
        // A process left behind with the streams open does not stand in the way of the next command.
        assertThat(session.run("sleep 1000 & echo started").out()).isEqualTo("started\n");
        assertThat(session.run("ps | grep -c '[s]leep 1000'").out()).isEqualTo("0\n");
    }

    @Test
    void killEndsACommandWithAllItHasStarted() {
        Session session = guest.session(1).ready();
        session.start("sleep 2001 & sleep 2002; echo not reached");
        session.kill();
        assertThat(session.end().exitCode()).isEqualTo(137);
        assertThat(session.run("ps | grep -c '[s]leep 200'").out()).isEqualTo("0\n");
    }

    @Test
    void hangingUpKillsTheCommandAndTheSessionGoesOn() {
        Session session = guest.session(2).ready();
        session.start("sleep 3000");
        session.hangUp();
        session.endInput();
        Session other = guest.session(3).ready();
        assertThat(other.run("while ps | grep -q '[s]leep 3000'; do sleep 0.1; done").exitCode()).isZero();
        session.reconnect();
        assertThat(session.end().exitCode()).isEqualTo(137);
        assertThat(session.run("echo again").out()).isEqualTo("again\n");
        assertThat(other.run("echo other").out()).isEqualTo("other\n");
    }

    @Test
    void agentAnswers() {
        try (var agent = guest.port("org.qemu.guest_agent.0")) {
            agent.send("{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"uname\",\"arg\":[\"-m\"],\"capture-output\":true}}\n");
            assertThat(agent.line()).contains("\"pid\"");
        }
    }

    @Test
    void diskIsThereAndTakesExt4() {
        // Another session than the other tests' would need a fifth: the console does.
        try {
            guest.type("mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt && echo it works >/mnt/f && sync && umount /mnt && echo ext4=$?\n");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        guest.awaitConsole("ext4=0");
    }
}
