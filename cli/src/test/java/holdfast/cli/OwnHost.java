package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.cli.Holdfast.Ended;
import holdfast.host.Frame;
import holdfast.host.GuestStream;
import holdfast.host.HostClient;
import holdfast.host.HostHome;
import holdfast.image.LockFile;
import holdfast.testkit.Program;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A daemon of a test's own, and what a user types for it.
final class OwnHost implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration LIFE = Duration.ofMinutes(30);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path home;

    private OwnHost(Path home) {
        this.home = home;
    }

    /// One with the images of all tests.
    ///
    /// @param home empty, and of a short name: it becomes part of the names of sockets
    static OwnHost in(Path home) throws IOException {
        Files.createSymbolicLink(home.resolve("images"), Files.createDirectories(Holdfast.home().resolve("images")));
        return new OwnHost(home);
    }

    /// One with an image `tiny` of its own, which has these packages too.
    static OwnHost withPackages(Path home, String packages) throws IOException, InterruptedException {
        var host = new OwnHost(home);
        Ended built = Holdfast.ended(Program.start(host.builder("image", "build", "tiny", "--with", packages), LIFE), LIFE);
        assertThat(built.exitCode()).as(built.err()).isZero();
        return host;
    }

    Path home() {
        return home;
    }

    /// Starts the daemon.
    ///
    /// @param options of its JVM
    /// @return when it can be asked
    Process start(String... options) throws IOException {
        ProcessBuilder builder = here(Holdfast.builder(List.of(options), "host", "start")).redirectError(ProcessBuilder.Redirect.DISCARD);
        Process process = Program.start(builder, LIFE);
        assertThat(new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine()).isEqualTo("ready");
        return process;
    }

    private ProcessBuilder here(ProcessBuilder builder) {
        builder.environment().put("HOLDFAST_HOME", home.toString());
        builder.environment().remove("HOLDFAST_SOCKET");
        return builder;
    }

    ProcessBuilder builder(String... words) {
        return here(Holdfast.builder(words));
    }

    /// As a process of its own, which starts the daemon if there is none.
    Ended run(byte[] stdin, String... words) throws IOException, InterruptedException {
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

    String runs(String... words) throws IOException, InterruptedException {
        Ended ended = run(new byte[0], words);
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    private Path socket() {
        return home.resolve("host/host.sock");
    }

    /// In this process, which takes a tenth of the time: the daemon is there.
    Invocation asked(String... words) {
        var all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--socket", socket().toString()));
        return Invocation.of(all.toArray(String[]::new));
    }

    String ok(String... words) {
        Invocation ended = asked(words);
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    void refused(int exitCode, String message, String... words) {
        refused(asked(words), exitCode, message);
    }

    static void refused(Ended ended, int exitCode, String message) {
        refused(new Invocation(ended.exitCode(), ended.out(), ended.err()), exitCode, message);
    }

    private static void refused(Invocation ended, int exitCode, String message) {
        assertThat(ended.err()).contains(message).doesNotContain("\tat ");
        assertThat(ended.err().lines().count()).isLessThanOrEqualTo(4);
        assertThat(ended.exitCode()).as(ended.err()).isEqualTo(exitCode);
    }

    /// What a line for a guest's shell prints; in this process too, where `exec` would print it itself.
    String guest(String name, String line) throws IOException, InterruptedException {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        try (var client = new HostClient(HostHome.of(System.getenv(), socket()));
                GuestStream stream = client.exec(name, line)) {
            stream.endInput();
            Frame frame = stream.next();
            while (frame.channel() == Frame.Channel.OUTPUT || frame.channel() == Frame.Channel.ERROR) {
                (frame.channel() == Frame.Channel.OUTPUT ? out : err).writeBytes(frame.bytes());
                frame = stream.next();
            }
            String said = name + ": " + line + ": " + err.toString(StandardCharsets.UTF_8);
            assertThat(frame.channel()).as(said).isEqualTo(Frame.Channel.EXIT);
            assertThat(ByteBuffer.wrap(frame.bytes()).getInt()).as(said).isZero();
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /// What a command says as JSON.
    JsonNode json(String... words) {
        var all = new ArrayList<>(List.of(words));
        all.addAll(List.of("-o", "json"));
        return JSON.readTree(ok(all.toArray(String[]::new)));
    }

    List<JsonNode> machines() {
        return StreamSupport.stream(json("list").spliterator(), false).toList();
    }

    JsonNode info(String name) {
        return json("info", name);
    }

    ProcessHandle daemon() {
        return process(json("host", "status"));
    }

    /// The process that an answer names.
    static ProcessHandle process(JsonNode view) {
        return ProcessHandle.of(view.path("pid").asLong()).orElseThrow();
    }

    static void kill(ProcessHandle process) {
        process.destroyForcibly();
        await().atMost(PATIENCE).until(() -> !process.isAlive());
    }

    /// Removes all machines.
    void empty() {
        machines().forEach(vm -> ok("rm", "--force", vm.path("name").asString()));
    }

    /// Ends the daemon, which is not there any more then.
    void stop() throws IOException {
        String said = ok("host", "stop");
        Optional<LockFile> free = LockFile.attempt(home.resolve("host/lock"), false);
        assertThat(free).as(said).isPresent();
        free.get().close();
    }

    /// Ends all that there is, whatever the test has done to the daemon.
    @Override
    public void close() throws IOException {
        if (asked("host", "status").exitCode() != 0) {
            start();
        }
        empty();
        stop();
    }
}
