package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/// A daemon that is killed at any step of what it writes down. The next one finds inventory, processes and files in agreement, and nothing of the
/// user's is lost.
@Tag("system")
@Timeout(1200)
class HostCrashTest {
    private static final int STEPS_MAX = 100;

    /// What is under way when the daemon is killed.
    enum Under {
        LAUNCH(List.of(), Set.of("", "stopped", "running"), "launch", "--name", "one", "--no-wait"),
        START(List.of("save one"), Set.of("saved", "running"), "start", "one", "--no-wait"),
        SAVE(List.of(), Set.of("saved", "running"), "save", "one"),
        STOP(List.of(), Set.of("stopped", "running"), "stop", "--force", "one"),
        RENAME(List.of("stop --force one"), Set.of("stopped"), "rename", "one", "two"),
        EDIT(List.of("stop --force one"), Set.of("stopped"), "edit", "one", "--set", "name=two", "--set", "cpus=2"),
        REMOVE(List.of("stop --force one"), Set.of("", "stopped"), "rm", "one");

        private final List<String> before;
        private final Set<String> states;
        private final String[] words;

        /// @param before what is done to a machine that runs, before the daemon is started that is killed
        /// @param states that the machine may be in afterwards; empty: there is none
        Under(List<String> before, Set<String> states, String... words) {
            this.before = before;
            this.states = states;
            this.words = words;
        }
    }

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    private OwnHost host;

    @BeforeEach
    void begin() throws IOException {
        host = OwnHost.in(home);
    }

    @AfterEach
    void end() throws IOException {
        host.close();
    }

    /// A daemon, as soon as it can be asked.
    ///
    /// @param killAtStep 0: never
    private Process daemon(int killAtStep) throws IOException {
        return host.start("-Dholdfast.host.killAtStep=" + killAtStep);
    }

    private void end(Process daemon) throws IOException, InterruptedException {
        host.stop();
        daemon.waitFor();
    }

    /// @return whether there was such a step
    private boolean isKilledAt(Under under, int step) throws Exception {
        if (under != Under.LAUNCH) {
            Process daemon = daemon(0);
            host.ok("launch", "--name", "one", "--no-wait");
            under.before.forEach(words -> host.ok(words.split(" ")));
            end(daemon);
        }
        Process killed = daemon(step);
        Invocation ended = host.asked(under.words);
        if (ended.exitCode() == 0 && killed.isAlive()) {
            end(killed);
            return false;
        }
        assertThat(killed.waitFor()).as(under + " at step " + step + ": " + ended.err()).isEqualTo(137);
        Process next = daemon(0);
        agrees(under, under + ", killed at step " + step);
        host.empty();
        assertThat(files()).as("files of " + under + " at step " + step).isEmpty();
        assertThat(processes()).as("processes of " + under + " at step " + step).isEmpty();
        end(next);
        return true;
    }

    private void agrees(Under under, String what) throws IOException {
        await(what).atMost(OwnHost.PATIENCE).until(() -> host.machines().stream().noneMatch(vm -> vm.path("state").asString().matches("starting|ending|creating|removing")));
        List<JsonNode> all = host.machines();
        assertThat(all).as(what).hasSizeLessThanOrEqualTo(1);
        assertThat(all.isEmpty() ? "" : all.getFirst().path("state").asString()).as(what).isIn(under.states);
        assertThat(files()).as(what).isEqualTo(all.stream().map(vm -> vm.path("id").asString()).collect(Collectors.toCollection(TreeSet::new)));
        var running = all.stream().filter(vm -> vm.path("state").asString().equals("running")).map(vm -> vm.path("pid").asLong()).toList();
        await(what).atMost(OwnHost.PATIENCE).untilAsserted(() -> assertThat(processes()).isEqualTo(running));
        if (!all.isEmpty() && running.isEmpty()) {
            // What is left of it is whole.
            String name = all.getFirst().path("name").asString();
            assertThat(name).isIn("one", "two");
            host.ok("start", "--no-wait", name);
            assertThat(host.machines().getFirst().path("state").asString()).as(what).isEqualTo("running");
        }
    }

    /// The machines that have a directory.
    private Set<String> files() throws IOException {
        try (Stream<Path> directories = Files.list(home.resolve("host/vms"))) {
            return directories.map(path -> String.valueOf(path.getFileName())).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    /// Those of machines of this home.
    private List<Long> processes() {
        String directory = home.resolve("host/vms").toString();
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(process -> isMachine(process, directory))
                .sorted()
                .toList();
    }

    private static boolean isMachine(long process, String directory) {
        try {
            List<String> words = List.of(Files.readString(Path.of("/proc/" + process + "/cmdline"), StandardCharsets.ISO_8859_1).split("\0"));
            int verb = words.indexOf("vm");
            return verb > 0 && words.get(verb - 1).equals("holdfast.cli.Main") && words.get(verb + 1).startsWith(directory);
        } catch (IOException gone) {
            return false;
        }
    }

    @ParameterizedTest
    @CsvSource("LAUNCH,9")
    void aDaemonThatIsKilledInBetweenLeavesNothingHalfDone(Under under, int step) throws Exception {
        assertThat(isKilledAt(under, step)).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    void aDaemonThatIsKilledAtAnyStepLeavesNothingHalfDone(Under under) throws Exception {
        int step = 1;
        while (isKilledAt(under, step)) {
            step++;
            assertThat(step).isLessThan(STEPS_MAX);
        }
        System.getLogger(HostCrashTest.class.getName()).log(System.Logger.Level.INFO, under + ": killed at each of " + (step - 1) + " steps");
        assertThat(step).isGreaterThan(2);
    }
}
