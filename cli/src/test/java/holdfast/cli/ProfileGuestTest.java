package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `run --profile` as a user starts it: what Flight Recorder has in its file is what the lines on standard error say.
@Tag("system")
@Timeout(600)
class ProfileGuestTest {
    @TempDir
    Path directory;

    private Ended boot(String... options) throws IOException, InterruptedException {
        var words = new java.util.ArrayList<>(List.of("run", "--exec", "uname -s"));
        words.addAll(List.of(options));
        Process process = Holdfast.start(Holdfast.builder(words.toArray(String[]::new)).directory(directory.toFile()));
        process.getOutputStream().close();
        return Holdfast.ended(process);
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream().filter(event -> event.getEventType().getName().equals("holdfast." + name)).toList();
    }

    /// The number before some words on standard error.
    private static long counted(String err, String words) {
        Matcher matcher = Pattern.compile("([\\d,]+) " + Pattern.quote(words)).matcher(err);
        assertThat(matcher.find()).as(words + " in " + err).isTrue();
        return Long.parseLong(matcher.group(1).replace(",", ""));
    }

    @Test
    void theEventsOfABootAreThoseOfTheCounters() throws Exception {
        Ended ended = boot("--profile", "tiny");
        assertThat(ended.exitCode()).isZero();
        assertThat(ended.out()).isEqualTo("Linux\n");
        assertThat(ended.err().lines()).hasSize(5).allMatch(line -> line.startsWith("holdfast run: "));
        List<RecordedEvent> events = RecordingFile.readAllEvents(directory.resolve("holdfast.jfr"));

        List<RecordedEvent> translations = named(events, "Translation");
        assertThat(translations).hasSize((int) counted(ended.err(), "regions translated"));
        assertThat(translations.stream().mapToLong(event -> event.getInt("bytecodeBytes")).sum())
                .isPositive()
                .isEqualTo(counted(ended.err(), "bytes of bytecode"));
        List<RecordedEvent> invalidations = named(events, "Invalidation");
        assertThat(invalidations).hasSize((int) counted(ended.err(), "pages: "));
        assertThat(invalidations.stream().mapToLong(event -> event.getInt("regions")).sum())
                .isEqualTo(counted(ended.err(), "regions, "));
        assertThat(named(events, "Hart").getLast().getLong("instructions")).isEqualTo(counted(ended.err(), "instructions"));
        assertThat(named(events, "TlbMisses").getLast().getLong("walks"))
                .isPositive()
                .isEqualTo(counted(ended.err(), "page-table walks"));
        RecordedEvent cold = named(events, "Exits").reversed().stream()
                .filter(event -> event.getString("cause").equals("cold code"))
                .findFirst()
                .orElseThrow();
        assertThat(cold.getLong("count")).isPositive().isEqualTo(counted(ended.err(), "cold code"));
        assertThat(events).as("the JDK's own samples").anyMatch(event -> event.getEventType().getName().equals("jdk.ExecutionSample"));
    }

    @Test
    void withoutTheOptionNothingIsSaidAndNoFileIsWritten() throws Exception {
        Ended ended = boot();
        assertThat(ended.exitCode()).isZero();
        assertThat(ended.err()).isEmpty();
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aSignalLeavesTheCountersAndTheEventsToo() throws Exception {
        Path file = directory.resolve("mine.jfr");
        Path log = directory.resolve("console");
        Process process = Holdfast.start("run", "--profile=" + file, "--console-log", log.toString());
        Holdfast.awaitText(log, "Linux is up");
        process.toHandle().destroy();
        Ended ended = Holdfast.ended(process);
        assertThat(ended.exitCode()).isEqualTo(143);
        assertThat(ended.err().lines().filter(line -> line.contains("regions translated"))).hasSize(1);
        assertThat(named(RecordingFile.readAllEvents(file), "Translation")).isNotEmpty();
    }
}
