package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Blocking;
import holdfast.nbd.NbdDevice;
import holdfast.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What an operator changes about the journal of a disk while `nbd serve` serves it.
@Timeout(120)
class OpenProtectedDiskTest extends ProtectedDiskCommands {
    private Process server;

    @BeforeEach
    void aServedDisk() throws Exception {
        createDisk();
        output("disk protect DIR/d.vhdx --journal DIR/journal");
        for (int i = 0; i < 3; i++) {
            write(disk(), 1 << 20, noise(i, 64 << 10));
        }
        server = serve();
    }

    @AfterEach
    void end() {
        server.destroyForcibly();
    }

    @Test
    void howMuchIsKeptIsChangedAndAKilledServerLeavesItSo() throws Exception {
        Path first = directory.resolve("journal/00000001.journal");
        byte[] content;
        try (NbdDevice client = client()) {
            var blocking = new Blocking(client);
            blocking.write(0, noise(7, 4096));
            assertThat(output("disk protect DIR/d.vhdx --window 1s --max-size 1G")).contains("keeps the last 1s and may take 1.00 GiB; when it is full: stop");
            assertThat(output("disk timeline DIR/d.vhdx")).contains("window    1s");
            var count = new AtomicInteger();
            Awaitility.await().until(() -> {
                blocking.write(4096, noise(count.incrementAndGet(), 4096));
                return !Files.exists(first);
            });
            assertThat(output("disk protect DIR/d.vhdx --window none")).contains("keeps all of the past");
            assertThat(output("disk protect DIR/d.vhdx --window 7d --max-size 64M --when-full throttle"))
                    .contains("keeps the last 7d and may take 64.0 MiB; when it is full: throttle");
            blocking.write(8192, noise(8, 4096));
            content = blocking.read(0, SIZE);
        }
        Program.exitCode(server.destroyForcibly(), Program.LIMIT);
        assertThat(content(disk())).isEqualTo(content);
        assertThat(output("disk timeline DIR/d.vhdx")).contains("window    7d");
        assertThat(output("disk protect DIR/d.vhdx --window none")).contains("keeps all of the past and may take 64.0 MiB; when it is full: throttle");
        assertThat(content(disk())).isEqualTo(content);
    }

    @Test
    void itsJournalIsCompressedAndMarkedMeanwhile() throws Exception {
        try (NbdDevice client = client()) {
            new Blocking(client).write(0, new byte[1 << 20]); // so that a segment begins, and those before are sealed
            long before = timeline().get("bytes").asLong();
            assertThat(output("disk compress-journal DIR/d.vhdx")).contains(": its journal takes ").containsPattern("segments compressed: \\d+\n");
            assertThat(timeline().get("bytes").asLong()).isLessThanOrEqualTo(before);
            assertThat(output("disk mark DIR/d.vhdx now")).startsWith("mark now is entry ");
            assertThat(output("disk timeline DIR/d.vhdx --check")).contains("now");
        }
    }

    @Test
    void whatCannotBeChangedMeanwhileIsRefusedWithTheNextStep() {
        Map<String, String> refusals = Map.of(
                "disk protect DIR/d.vhdx --journal DIR/elsewhere", "(?s)is open in process " + server.pid() + ", which goes on writing its journal.*end that first",
                "disk protect DIR/d.vhdx --when-full throttle", "(?s)so it is never full.*--max-size",
                "disk protect DIR/d.vhdx --max-size 1M --when-full throttle", "(?s)is too small.*at least 64.0 MiB",
                "disk unprotect DIR/d.vhdx", "in use by process " + server.pid());
        refusals.forEach((command, problem) -> assertThat(refusal(command)).as(command).containsPattern(problem).hasLineCount(2));
        assertThat(invoke("disk protect DIR/d.vhdx --mode journal-first").exitCode()).isEqualTo(2);
        assertThat(output("disk timeline DIR/d.vhdx")).doesNotContain("window");
    }
}
