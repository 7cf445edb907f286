package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditTest {
    @TempDir
    Path directory;

    @Test
    void saysWhoDidWhatAndWhatCameOfIt() throws Exception {
        Path file = directory.resolve("audit.log");
        new Audit(file).note(new Caller("ci", Role.OPERATOR), "POST /v1/vms/web/stop", 409, "web: does not run\n\"quoted\"");
        assertThat(Files.readAllLines(file)).hasSize(1);
        assertThat(Files.readString(file)).contains(
                "\"who\":\"ci\"", "\"role\":\"operator\"", "\"what\":\"POST /v1/vms/web/stop\"", "\"status\":409", "does not run\\n\\\"quoted\\\"");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
    }

    @Test
    void doesNotGrowWithoutEnd() throws Exception {
        Path file = directory.resolve("audit.log");
        Files.write(file, new byte[Audit.BYTES_MAX - 10]);
        var audit = new Audit(file);
        audit.note(Caller.SOCKET, "x".repeat(10_000), 200, "");
        assertThat(Files.size(directory.resolve("audit.log.1"))).isEqualTo(Audit.BYTES_MAX - 10);
        assertThat(Files.size(file)).isLessThan(1000);
        audit.note(Caller.SOCKET, "y", 200, "");
        assertThat(Files.readAllLines(file)).hasSize(2);
    }
}
