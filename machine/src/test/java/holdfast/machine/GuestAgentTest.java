package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class GuestAgentTest {
    private final GuestAgent agent = new GuestAgent(Duration.ofSeconds(20));
    private final List<JsonNode> requests = new ArrayList<>();

    private FakeAgent guest(Function<JsonNode, String> behaviour) {
        return new FakeAgent(agent.port(), request -> {
            synchronized (requests) {
                requests.add(request);
            }
            return behaviour.apply(request);
        });
    }

    private FakeAgent returns(String json) {
        return guest(request -> "{\"return\": " + json + "}\n");
    }

    private String sent(int request, String argument) {
        return requests.get(request).path("arguments").path(argument).asString();
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void theFirstRequestIsPrecededByASyncAndTheNextIsNot() throws Exception {
        FakeAgent guest = returns("{}");
        agent.ping();
        agent.ping();
        assertThat(guest.asked()).containsExactly("guest-sync-delimited", "guest-ping", "guest-ping");
    }

    @Test
    void halfALineFromBeforeTheSyncIsForgotten() throws Exception {
        FakeAgent guest = returns("{}");
        guest.says("{\"return\": {\"half\": ");
        agent.ping();
    }

    @Test
    void anAnswerToAnOlderSyncIsPassedOver() throws Exception {
        FakeAgent guest = returns("{}");
        guest.says("{\"return\": 12345}\n");
        agent.ping();
    }

    @Test
    void anAgentThatStartsAnewIsSyncedAgain() throws Exception {
        FakeAgent guest = returns("{}");
        agent.ping();
        agent.port().guestOpen(false);
        agent.port().guestOpen(true);
        agent.ping();
        assertThat(guest.asked())
                .containsExactly("guest-sync-delimited", "guest-ping", "guest-sync-delimited", "guest-ping");
    }

    @Test
    void anErrorOfTheAgentCarriesItsClassAndText() {
        guest(request -> "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command guest-fstrim has not been found\"}}\n");
        assertThatThrownBy(agent::trim)
                .isInstanceOfSatisfying(GuestAgentException.class, e -> assertThat(e.kind()).isEqualTo("CommandNotFound"))
                .hasMessage("guest-fstrim: The command guest-fstrim has not been found");
    }

    @Test
    void anAgentThatIsSilentIsATimeout() {
        var hasty = new GuestAgent(Duration.ofMillis(20));
        var silent = new FakeAgent(hasty.port(), request -> "");
        assertThatThrownBy(hasty::ping).isInstanceOf(TimeoutException.class).hasMessageContaining("does not answer");
        assertThat(silent.asked()).contains("guest-sync-delimited");
    }

    @Test
    void noAgentAtAllIsATimeout() {
        var hasty = new GuestAgent(Duration.ofMillis(20));
        assertThatThrownBy(hasty::ping).isInstanceOf(TimeoutException.class);
    }

    @Test
    void anAnswerThatIsNoJsonIsAnError() {
        guest(request -> "Segmentation fault\n");
        assertThatThrownBy(agent::ping)
                .isInstanceOfSatisfying(GuestAgentException.class, e -> assertThat(e.kind()).isEqualTo("InvalidAnswer"));
    }

    @Test
    void theRequestAfterAFailedOneGetsItsOwnAnswer() throws Exception {
        var calls = new AtomicInteger();
        guest(request -> calls.incrementAndGet() == 1 ? "garbage\n" : "{\"return\": {\"host-name\": \"tiny\"}}\n");
        assertThatThrownBy(agent::hostName).isInstanceOf(GuestAgentException.class);
        assertThat(agent.hostName()).isEqualTo("tiny");
    }

    @Test
    void aProgramIsRunAndItsOutputCollected() throws Exception {
        var polls = new AtomicInteger();
        guest(request -> {
            if (request.path("execute").asString().equals("guest-exec")) {
                return "{\"return\": {\"pid\": 42}}\n";
            }
            return polls.incrementAndGet() < 3
                    ? "{\"return\": {\"exited\": false}}\n"
                    : "{\"return\": {\"exited\": true, \"exitcode\": 3, \"out-data\": \"" + base64("out") + "\", \"err-data\": \""
                            + base64("err") + "\"}}\n";
        });
        var execution = agent.exec(List.of("/bin/cat", "-", "x"), "in".getBytes(StandardCharsets.UTF_8), Duration.ofSeconds(20));
        assertThat(execution.exitCode()).isEqualTo(3);
        assertThat(execution.out()).asString().isEqualTo("out");
        assertThat(execution.err()).asString().isEqualTo("err");
        assertThat(execution.truncated()).isFalse();
        assertThat(sent(0, "path")).isEqualTo("/bin/cat");
        assertThat(requests.getFirst().path("arguments").path("arg").valueStream().map(JsonNode::asString)).containsExactly("-", "x");
        assertThat(sent(0, "input-data")).isEqualTo(base64("in"));
        assertThat(requests.get(1).path("arguments").path("pid").asInt()).isEqualTo(42);
    }

    @Test
    void aProgramEndedByASignalHasTheShellsExitCode() throws Exception {
        guest(request -> request.path("execute").asString().equals("guest-exec")
                ? "{\"return\": {\"pid\": 1}}\n"
                : "{\"return\": {\"exited\": true, \"signal\": 9}}\n");
        assertThat(agent.exec(List.of("/bin/x"), new byte[0], Duration.ofSeconds(20)).exitCode()).isEqualTo(137);
    }

    @Test
    void aProgramThatRunsTooLongIsATimeout() {
        guest(request -> request.path("execute").asString().equals("guest-exec")
                ? "{\"return\": {\"pid\": 1}}\n"
                : "{\"return\": {\"exited\": false}}\n");
        assertThatThrownBy(() -> agent.exec(List.of("/bin/sleep", "9"), new byte[0], Duration.ofMillis(50)))
                .isInstanceOf(TimeoutException.class)
                .hasMessageContaining("/bin/sleep");
    }

    @Test
    void fileSystemsAreFrozenAndThawed() throws Exception {
        FakeAgent guest = guest(request -> request.path("execute").asString().endsWith("status")
                ? "{\"return\": \"frozen\"}\n"
                : "{\"return\": 2}\n");
        assertThat(agent.freeze()).isEqualTo(2);
        assertThat(agent.frozen()).isTrue();
        assertThat(agent.thaw()).isEqualTo(2);
        assertThat(guest.asked()).endsWith("guest-fsfreeze-freeze", "guest-fsfreeze-status", "guest-fsfreeze-thaw");
    }

    @Test
    void theClockIsSetAndReadToTheNanosecond() throws Exception {
        Instant now = Instant.parse("2026-02-03T04:05:06.789012345Z");
        returns("1770091506789012345");
        agent.setTime(now);
        assertThat(requests.getFirst().path("arguments").path("time").asLong()).isEqualTo(1_770_091_506_789_012_345L);
        assertThat(agent.time()).isEqualTo(now);
    }

    @Test
    void shutdownNeedsNoAnswer() throws Exception {
        guest(request -> "");
        agent.shutdown(GuestAgent.Shutdown.REBOOT);
        await().until(() -> !requests.isEmpty());
        assertThat(sent(0, "mode")).isEqualTo("reboot");
    }

    @Test
    void aRefusedShutdownIsReported() {
        guest(request -> "{\"error\": {\"class\": \"GenericError\", \"desc\": \"frozen\"}}\n");
        assertThatThrownBy(() -> agent.shutdown(GuestAgent.Shutdown.POWERDOWN)).isInstanceOf(GuestAgentException.class);
    }

    @Test
    void sshKeysAreListedAddedAndRemoved() throws Exception {
        returns("{\"keys\": [\"ssh-ed25519 A\", \"ssh-ed25519 B\"]}");
        assertThat(agent.authorizedKeys("root")).containsExactly("ssh-ed25519 A", "ssh-ed25519 B");
        agent.addAuthorizedKeys("root", List.of("ssh-ed25519 C"));
        agent.removeAuthorizedKeys("root", List.of("ssh-ed25519 A"));
        assertThat(requests).extracting(request -> request.path("execute").asString()).containsExactly(
                "guest-ssh-get-authorized-keys", "guest-ssh-add-authorized-keys", "guest-ssh-remove-authorized-keys");
        assertThat(requests.get(1).path("arguments").path("keys").path(0).asString()).isEqualTo("ssh-ed25519 C");
        assertThat(sent(2, "username")).isEqualTo("root");
    }

    @Test
    void aFileIsReadPieceByPieceAndClosed() throws Exception {
        var reads = new AtomicInteger();
        FakeAgent guest = guest(request -> switch (request.path("execute").asString()) {
            case "guest-file-open" -> "{\"return\": 7}\n";
            case "guest-file-read" -> reads.incrementAndGet() == 1
                    ? "{\"return\": {\"count\": 2, \"buf-b64\": \"" + base64("ab") + "\", \"eof\": false}}\n"
                    : "{\"return\": {\"count\": 1, \"buf-b64\": \"" + base64("c") + "\", \"eof\": true}}\n";
            default -> "{\"return\": {}}\n";
        });
        assertThat(agent.readFile("/etc/hostname", 1 << 20)).asString().isEqualTo("abc");
        assertThat(guest.asked()).endsWith("guest-file-read", "guest-file-read", "guest-file-close");
    }

    @Test
    void readingAFileStopsAtTheLimit() throws Exception {
        guest(request -> switch (request.path("execute").asString()) {
            case "guest-file-open" -> "{\"return\": 7}\n";
            case "guest-file-read" -> "{\"return\": {\"count\": 4, \"buf-b64\": \"" + base64("zzzz") + "\", \"eof\": false}}\n";
            default -> "{\"return\": {}}\n";
        });
        assertThat(agent.readFile("/dev/zero", 10)).hasSizeBetween(10, 13);
    }

    @Test
    void aFileIsWrittenWholeEvenWhenTheAgentTakesLess() throws Exception {
        var written = new StringBuilder();
        FakeAgent guest = guest(request -> switch (request.path("execute").asString()) {
            case "guest-file-open" -> "{\"return\": 7}\n";
            case "guest-file-write" -> {
                String all = new String(
                        Base64.getDecoder().decode(request.path("arguments").path("buf-b64").asString()), StandardCharsets.UTF_8);
                String taken = all.substring(0, Math.min(3, all.length()));
                written.append(taken);
                yield "{\"return\": {\"count\": " + taken.length() + ", \"eof\": false}}\n";
            }
            default -> "{\"return\": {}}\n";
        });
        agent.writeFile("/tmp/x", "abcdefgh".getBytes(StandardCharsets.UTF_8));
        assertThat(written).hasToString("abcdefgh");
        assertThat(guest.asked()).endsWith("guest-file-flush", "guest-file-close");
    }

    @Test
    void whatTheAgentIsAndCanIsRead() throws Exception {
        returns("{\"version\": \"10.0.2\", \"pretty-name\": \"Debian GNU/Linux 13 (trixie)\", \"supported_commands\": ["
                + "{\"name\": \"guest-ping\", \"enabled\": true}, {\"name\": \"guest-exec\", \"enabled\": false}]}");
        assertThat(agent.version()).isEqualTo("10.0.2");
        assertThat(agent.operatingSystem()).startsWith("Debian");
        assertThat(agent.commands()).containsExactly("guest-ping");
    }

    @Test
    void endlessOutputWithoutALineEndIsBounded() throws Exception {
        FakeAgent guest = returns("{}");
        var flood = new byte[1 << 20];
        for (int i = 0; i < 8; i++) {
            guest.says(flood);
        }
        agent.ping();
    }
}
