package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a machine's process can reach, tried by a shell in its place.
@Timeout(60)
class ConfinementTest {
    @TempDir
    Path user;

    private VmHome own;
    private VmSpec spec;

    @BeforeEach
    void begin() throws IOException {
        HostHome home = new HostHome(user.resolve("home/host"), user.resolve("socket"));
        own = home.machine("1");
        for (VmHome each : List.of(own, home.machine("2"))) {
            Files.createDirectories(each.directory());
            Files.createDirectories(each.image());
            Files.writeString(each.root(), "disk\n");
            Files.writeString(each.image().resolve("base.disk"), "base\n");
        }
        Files.writeString(home.tokens(), "tokens\n");
        Files.writeString(home.inventory(), "inventory\n");
        Files.writeString(user.resolve("letters"), "letters\n");
        Files.write(user.resolve("mine.raw"), new byte[1 << 20]);
        Files.write(user.resolve("other.raw"), new byte[1 << 20]);
        for (String mount : List.of("shared", "fixed")) {
            Files.writeString(Files.createDirectory(user.resolve(mount)).resolve("file"), mount + "\n");
        }
        spec = new VmSpec(
                null, 1, 64 << 20, List.of(new SpecDisk(user.resolve("mine.raw").toString(), false)), null, Nets.NONE, null,
                List.of(new SpecMount(user.resolve("shared").toString(), "/a", false), new SpecMount(user.resolve("fixed").toString(), "/b", true)));
    }

    /// What came of each line of a script in the machine's directory, `$user` being the user's.
    private String tried(String... lines) throws IOException, InterruptedException {
        assumeThat(ConfinedProcess.obstacle()).isEmpty();
        String script = Stream.of(lines).map(line -> "(" + line + ") >/dev/null 2>&1 && echo yes || echo no").reduce("", (a, b) -> a + b + "\n");
        Process shell = ConfinedProcess.start(
                List.of("/bin/sh", "-c", script), Map.of("PATH", "/usr/bin:/bin", "user", user.toString()), own.directory(), own.log(), Confinement.of(own, spec));
        String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(shell.waitFor()).isZero();
        return said;
    }

    @Test
    void aMachineReachesWhatIsItsOwn() throws Exception {
        assertThat(tried(
                        "cat root.disk", "echo x >new && mv new newer && rm newer", "mkdir tmp && rmdir tmp", "cat ../../bases/1/base.disk",
                        "cat $user/mine.raw", "echo x >>$user/mine.raw", "cat $user/shared/file", "echo x >$user/shared/new && ln -s new $user/shared/link",
                        "cat $user/fixed/file", "cat /proc/meminfo", "echo x >/dev/null", "'" + System.getProperty("java.home") + "/bin/java' -version"))
                .isEqualTo("yes\n".repeat(12));
    }

    @Test
    void aMachineReachesNothingElse() throws Exception {
        assertThat(tried(
                        "cat ../2/root.disk", "ls ..", "echo x >../2/root.disk", "cat ../../tokens.json", "cat ../../inventory", "cat ../../bases/2/base.disk",
                        "echo x >../../bases/1/base.disk", "rm ../../bases/1/base.disk", "cat $user/letters", "ls $user", "cat $user/other.raw", "echo x >$user/fixed/file",
                        "echo x >$user/new", "echo x >/tmp/holdfast-new", "ln -s ../../tokens.json link", "ln ../2/root.disk link", "cp /bin/true p && ./p"))
                .isEqualTo("no\n".repeat(17));
    }

    @Test
    void aMachineEndsNobodyElse() throws Exception {
        assumeThat(Landlock.abi()).isGreaterThanOrEqualTo(6);
        assertThat(tried("kill -0 " + ProcessHandle.current().pid())).isEqualTo("no\n");
    }

    @Test
    void whoStartsIsNotConfinedWithIt() throws Exception {
        tried("true");
        try (var threads = Executors.newCachedThreadPool(); var virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var each : List.of(threads, virtual)) {
                assertThat(each.submit(() -> Files.readString(user.resolve("letters"))).get()).isEqualTo("letters\n");
            }
        }
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            assertThat(tasks.map(ConfinementTest::status)).noneMatch(status -> status.contains("NoNewPrivs:\t1"));
        }
    }

    private static String status(Path task) {
        try {
            return Files.readString(task.resolve("status"));
        } catch (IOException ended) {
            return "";
        }
    }

    @Test
    void whatCannotBeStartedIsSaid() {
        assumeThat(ConfinedProcess.obstacle()).isEmpty();
        assertThatThrownBy(() -> ConfinedProcess.start(
                        List.of(user.resolve("letters").toString()), Map.of(), own.directory(), own.log(), Confinement.of(own, spec)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("posix_spawn");
    }

    @Test
    void afterTheBanNoThreadMakesSockets() throws Exception {
        assertThat(probe("none")).isEqualTo("ip made\nunix made\n");
        assertThat(probe("all")).isEqualTo("ip refused\nunix refused\n");
        assertThat(probe("local")).isEqualTo("ip made\nunix refused\n");
    }

    private static String probe(String ban) throws IOException, InterruptedException {
        return Program.output(
                Path.of(System.getProperty("java.home"), "bin", "java"), "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), SocketProbe.class.getName(),
                ban);
    }
}
