package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.cli.Holdfast.Ended;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A machine with a real guest that becomes another one, piece by piece.
@Tag("long")
@Timeout(900)
class HostEditGuestTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    @BeforeEach
    void begin() throws IOException {
        Path images = Files.createDirectories(Holdfast.home().resolve("images"));
        Files.createSymbolicLink(home.resolve("images"), images);
    }

    @AfterEach
    void end() throws Exception {
        runs("list");
        JSON.readTree(ok("list", "-o", "json")).forEach(vm -> ok("rm", "--force", vm.path("name").asString()));
        ok("host", "stop");
    }

    private ProcessBuilder builder(String... words) {
        ProcessBuilder builder = Holdfast.builder(words);
        builder.environment().put("HOLDFAST_HOME", home.toString());
        builder.environment().remove("HOLDFAST_SOCKET");
        builder.environment().remove("VISUAL");
        return builder;
    }

    /// As a process of its own, which starts a daemon if there is none.
    private String runs(String... words) throws Exception {
        Process process = Holdfast.start(builder(words));
        process.getOutputStream().close();
        Ended ended = Holdfast.ended(process);
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

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
        Invocation ended = asked(words);
        assertThat(ended.err()).contains(message);
        assertThat(ended.exitCode()).isEqualTo(exitCode);
    }

    private JsonNode info() {
        return JSON.readTree(ok("info", "-o", "json", "web"));
    }

    private void kill(String what) {
        long pid = JSON.readTree(what.equals("daemon") ? ok("host", "status", "-o", "json") : ok("info", "-o", "json", "web")).path("pid").asLong();
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        await().atMost(LIMIT).until(() -> !process.isAlive());
    }

    private void awaitState(String state) {
        await(state).atMost(LIMIT).until(() -> info().path("state").asString().equals(state));
    }

    @Test
    void aMachineBecomesAnotherOneAtOnceAndWhenItStartsAnew() throws Exception {
        Path spec = Files.writeString(home.resolve("spec.yaml"), "name: web\nimage: tiny\nmemoryBytes: 256M\nappend: first=1\nrestart: \"no\"\n");
        assertThat(runs("launch", "--spec", spec.toString(), "--set", "cpus=1")).isEqualTo("web\n");

        // At once: a port, and less memory for the guest.
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        assertThat(ok("edit", "web", "--set", "ports=[{host: " + port + ", guest: 22}]")).isEqualTo("at once: ports\n");
        assertThat(ok("port", "ls", "web")).isEqualTo("127.0.0.1:" + port + ":22\n");
        assertThat(ok("edit", "web", "--set", "memoryBytes=160M")).isEqualTo("at once: memoryBytes\nwhen it has stopped and starts anew: memoryBytes\n");
        runs("exec", "web", "for i in $(seq 100); do [ $(awk '/MemFree/ {print $2}' /proc/meminfo) -lt 120000 ] && exit 0; sleep 0.1; done; exit 1");

        // What it keeps, and what has changed meanwhile; a port that is taken changes nothing.
        refused(5, "web: keeps its image", "edit", "web", "--set", "image=debian");
        refused(5, "web: keeps its network", "edit", "web", "--set", "network=none");
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            refused(5, "port " + taken.getLocalPort(), "edit", "web", "--set", "cpus=4", "--set", "ports=[{host: " + taken.getLocalPort() + ", guest: 22}]");
        }
        assertThat(info().path("spec").path("cpus").asInt()).isEqualTo(1);
        Path old = Files.writeString(home.resolve("old.yaml"), ok("info", "-o", "yaml", "web"));

        // In an editor: from the next start on.
        ProcessBuilder editing = builder("edit", "web");
        editing.environment().put("EDITOR", "sed -i -e 's/^  cpus: 1/  cpus: 2/' -e 's/first=1/second=2/'");
        Process editor = Holdfast.start(editing);
        editor.getOutputStream().close();
        assertThat(Holdfast.ended(editor).out()).isEqualTo("when it has stopped and starts anew: cpus, append\n");
        refused(5, "has been changed meanwhile", "edit", "web", "--file", old.toString());
        assertThat(info().path("pending")).extracting(JsonNode::asString).containsExactly("cpus", "memoryBytes", "append");
        assertThat(ok("info", "web")).contains("pending    cpus, memoryBytes, append");
        ok("save", "web");
        runs("start", "web");
        assertThat(runs("exec", "web", "nproc; cat /proc/cmdline")).startsWith("1\n").contains("first=1");
        ok("stop", "web");
        assertThat(info().path("pending")).isEmpty();
        runs("start", "web");
        assertThat(runs("exec", "web", "nproc; cat /proc/cmdline; awk '/MemTotal/ {print ($2 < 170000)}' /proc/meminfo"))
                .startsWith("2\n").contains("second=2").doesNotContain("first=1").endsWith("1\n");
        assertThat(runs("launch", "--spec", Files.writeString(home.resolve("again"), ok("info", "-o", "yaml", "web")).toString(), "--name", "twin", "--set", "ports=[]", "--no-start"))
                .isEqualTo("twin\n");
        JsonNode twin = JSON.readTree(ok("info", "-o", "json", "twin")).path("spec");
        assertThat(twin.path("append").asString()).isEqualTo("second=2");
        assertThat(twin.path("cpus").asInt()).isEqualTo(2);
    }

    @Test
    void thePolicyIsChangedWhileItRunsAndIsNotForgottenWithTheDaemon() throws Exception {
        runs("launch", "--name", "web", "--network", "none", "--no-wait");
        ok("edit", "web", "--set", "restart=always");
        kill("machine");
        await().atMost(LIMIT).until(() -> info().path("generation").asLong() == 2);
        awaitState("running");
        kill("machine");
        await().atMost(LIMIT).until(() -> info().path("restarting").asBoolean());
        kill("daemon");
        runs("list");
        await().atMost(LIMIT).until(() -> info().path("generation").asLong() >= 3);
        awaitState("running");
        ok("edit", "web", "--set", "restart=no", "--set", "name=www");
        ok("rename", "www", "web");
        kill("machine");
        awaitState("stopped");
        assertThat(info().path("restarting").asBoolean()).isFalse();
    }
}
