package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import holdfast.cli.Holdfast.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EditCommandTest {
    private static final String CHANGED = "PUT /v1/vms/1a/spec {\"name\":\"one\",\"spec\":{\"image\":\"tiny\",\"cpus\":%d,\"memoryBytes\":268435456,\"disks\":[],\"append\":\"\","
            + "\"network\":\"default\",\"ports\":[{\"protocol\":\"tcp\",\"bind\":\"127.0.0.1\",\"host\":8080,\"guest\":80}],\"mounts\":[],\"restart\":\"%s\"},\"generation\":%s}";

    @TempDir
    Path directory;

    private @Nullable FakeDaemon running;

    @BeforeEach
    void begin() throws Exception {
        running = new FakeDaemon(directory.resolve("s"));
    }

    @AfterEach
    void end() {
        daemon().close();
    }

    private FakeDaemon daemon() {
        return Objects.requireNonNull(running);
    }

    private Invocation edit(String... more) {
        return Invocation.of(Stream.concat(
                Stream.of("edit", "one", "--socket", daemon().socket().toString()), Stream.of(more)).toArray(String[]::new));
    }

    private Ended editedBy(String editor) throws Exception {
        ProcessBuilder builder = Holdfast.builder("edit", "one", "--socket", daemon().socket().toString());
        builder.environment().remove("VISUAL");
        builder.environment().put("EDITOR", editor);
        Process process = Holdfast.start(builder);
        process.getOutputStream().close();
        return Holdfast.ended(process);
    }

    private List<String> changes() {
        return daemon().asked().stream().filter(asked -> !asked.startsWith("GET")).toList();
    }

    @Test
    void aSettingChangesItsFieldAlone() {
        Invocation ended = edit("--set", "cpus=2", "--set", "restart=always");
        assertThat(ended.exitCode()).as(ended.err()).isZero();
        assertThat(ended.out()).isEqualTo("at once: restart\nfrom its next start on: cpus\n");
        assertThat(changes()).containsExactly(CHANGED.formatted(2, "always", "7"));
    }

    @Test
    void aFileSaysAllOfIt() throws Exception {
        Path file = Files.writeString(directory.resolve("spec"), "name: two\nimage: tiny\nrestart: always\n");
        assertThat(edit("--file", file.toString()).exitCode()).isZero();
        assertThat(changes().getFirst()).contains("\"name\":\"two\"", "\"memoryBytes\":0", "\"ports\":[]", "\"restart\":\"always\"", "\"generation\":null");
        assertThat(edit("--file", directory.resolve("none").toString()).err()).contains("none: is not there");
        Files.writeString(file, "cpus: many\n");
        assertThat(edit("--file", file.toString()).exitCode()).isEqualTo(2);
        assertThat(changes()).isEmpty();
    }

    @Test
    void whatIsEditedIsSentAndWhatWasLeftAsItIsIsNot() throws Exception {
        Path kept = directory.resolve("kept");
        Ended ended = editedBy("f() { sed -i 's/^  restart: no/  restart: on-failure/' \"$1\"; cp \"$1\" " + kept + "; }; f");
        assertThat(ended.err()).isEmpty();
        assertThat(changes()).containsExactly(CHANGED.formatted(1, "on-failure", "7"));
        assertThat(Files.readString(kept)).startsWith("# one. ").contains("\nname: one\nspecGeneration: 7\nspec:\n  image: tiny\n", "  memoryBytes: 256MiB\n");
        Ended same = editedBy("true");
        assertThat(same.out()).isEqualTo("nothing is changed\n");
        assertThat(changes()).isEmpty();
    }

    @Test
    void whatIsRefusedCanBeTakenUpAgain() throws Exception {
        daemon().refuses(409, "one", "keeps its image");
        Ended ended = editedBy("sed -i 's/cpus: 1/cpus: 2/'");
        assertThat(ended.exitCode()).isEqualTo(5);
        assertThat(ended.err()).contains("one: keeps its image");
        Matcher left = Pattern.compile("holdfast edit one --file (\\S+)").matcher(ended.err());
        assertThat(left.find()).as(ended.err()).isTrue();
        Path text = Path.of(left.group(1));
        try {
            assertThat(text).content().contains("cpus: 2");
            changes();
            edit("--file", text.toString());
            assertThat(changes()).containsExactly(CHANGED.formatted(2, "no", "7"));
        } finally {
            Files.delete(text);
        }
    }

    @Test
    void theEditorIsTheUsersAndMayFail() throws Exception {
        assertThat(Editor.ofUser(Map.of("VISUAL", "a --wait", "EDITOR", "b"))).isEqualTo(new Editor("a --wait"));
        assertThat(Editor.ofUser(Map.of("VISUAL", " ", "EDITOR", "b"))).isEqualTo(new Editor("b"));
        assertThat(Editor.ofUser(Map.of())).isEqualTo(new Editor("vi"));
        Path text = Files.writeString(directory.resolve("a text"), "x");
        new Editor("printf y >>").open(text);
        assertThat(text).hasContent("xy");
        assertThatThrownBy(() -> new Editor("exit 3;").open(text)).isInstanceOf(OperatorError.class).hasMessageContaining("has failed (exit code 3)");
    }
}
