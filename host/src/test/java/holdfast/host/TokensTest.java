package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokensTest {
    private final Path file;
    private final Tokens tokens;

    TokensTest(@TempDir Path directory) throws IOException {
        file = directory.resolve("tokens.json");
        tokens = new Tokens(file);
    }

    @Test
    void onlyTheTokenThatWasMadeIsKnown() throws Exception {
        String token = tokens.add("ci", "operator").token();
        assertThat(tokens.find(token)).contains(new Caller("ci", Role.OPERATOR));
        assertThat(tokens.find(token + "x")).isEmpty();
        assertThat(tokens.find(token.substring(1))).isEmpty();
        assertThat(tokens.find("")).isEmpty();
        String hash = Files.readString(file).replaceAll(".*\"hash\":\"([0-9a-f]+)\".*", "$1").strip();
        assertThat(hash).hasSize(64);
        assertThat(tokens.find(hash)).isEmpty();
    }

    @Test
    void areKeptWithoutBeingThere() throws Exception {
        String token = tokens.add("ci", "viewer").token();
        assertThat(token).hasSizeGreaterThan(40);
        assertThat(Files.readString(file)).doesNotContain(token).doesNotContain(token.substring(4));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        assertThat(new Tokens(file).find(token)).contains(new Caller("ci", Role.VIEWER));
    }

    @Test
    void oneThatIsRemovedIsNotKnownAnyMore() throws Exception {
        String token = tokens.add("ci", "admin").token();
        String other = tokens.add("other", "admin").token();
        tokens.remove("ci");
        assertThat(tokens.find(token)).isEmpty();
        assertThat(tokens.find(other)).isPresent();
        assertThat(new Tokens(file).find(token)).isEmpty();
    }

    @Test
    void namesAndRolesThatMakeNoSenseAreRefused() throws Exception {
        tokens.add("ci", "admin");
        assertThatThrownBy(() -> tokens.add("ci", "viewer")).hasMessageContaining("is there already");
        assertThatThrownBy(() -> tokens.add("../ci", "viewer")).hasMessageContaining("name '../ci'");
        assertThatThrownBy(() -> tokens.add(null, "viewer")).isInstanceOf(HostProblem.class);
        assertThatThrownBy(() -> tokens.add("two", "root")).hasMessageContaining("role root");
        assertThatThrownBy(() -> tokens.add("two", null)).isInstanceOf(HostProblem.class);
        assertThatThrownBy(() -> tokens.remove("two")).hasMessageContaining("is not there");
        assertThat(tokens.list()).hasSize(1);
    }
}
