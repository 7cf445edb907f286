package holdfast.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Jazzer tries what strangers may send us; and, as the control, it finds a defect that is planted for it. The fuzzers run side
/// by side.
class FuzzTest {
    private static final long SECONDS = Long.getLong("holdfast.fuzzSeconds", 10);
    private static final long SECONDS_LONG = Long.getLong("holdfast.fuzzSecondsLong", 600);
    private static final long CONTROL_SECONDS_MAX = 300;

    private static List<Fuzzer> fuzzers(long seconds) {
        return List.of(
                new Fuzzer("vhdx", VhdxTarget.class, "vhdx", seconds),
                new Fuzzer("handshake", HandshakeTarget.class, "handshake", seconds),
                new Fuzzer("requests", RequestsTarget.class, "requests", seconds),
                new Fuzzer("greeting", GreetingTarget.class, "greeting", seconds),
                new Fuzzer("replies", RepliesTarget.class, "replies", seconds));
    }

    private static void fuzz(long seconds) throws Exception {
        List<Callable<Fuzzer.Outcome>> runs = new ArrayList<>();
        for (Fuzzer fuzzer : fuzzers(seconds)) {
            runs.add(fuzzer::run);
        }
        List<Fuzzer.Outcome> outcomes = sideBySide(runs);
        for (int i = 0; i < outcomes.size(); i++) {
            Fuzzer.Outcome outcome = outcomes.get(i);
            String name = fuzzers(seconds).get(i).name();
            assertThat(outcome.exitCode()).as("%s: %s\nthe input is in fuzz/target/left/%s", name, outcome.finding(), name).isZero();
            assertThat(outcome.runs()).as("inputs tried for %s", name).isGreaterThan(10 * seconds);
            assertThat(outcome.coveredByCorpus()).as("branches that the corpus of %s reaches", name).isGreaterThan(200);
        }
    }

    private static <T> List<T> sideBySide(List<Callable<T>> all) throws Exception {
        var results = new ArrayList<T>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<T> one : threads.invokeAll(all)) {
                results.add(one.get());
            }
        }
        return results;
    }

    @Test
    void filesClientsAndServersOfStrangersDoNoHarm() throws Exception {
        fuzz(SECONDS);
    }

    @Test
    @Tag("long")
    void filesClientsAndServersOfStrangersDoNoHarmForLong() throws Exception {
        fuzz(SECONDS_LONG);
    }

    private static Callable<Fuzzer.Outcome> planted(Path directory, Fuzzer into, String inClass, String inMethod, String callee) {
        return () -> {
            Path classes = directory.resolve(into.name());
            new Mutant(into.name(), inClass, inMethod, callee, Planted.class.getName(), "").writeTo(classes);
            return into.run(classes);
        };
    }

    /// From the seeds, which alone do not find it: that would say nothing of the fuzzer.
    private static Fuzzer control(String name, Class<?> target, String corpus) {
        return new Fuzzer(name, target, corpus, CONTROL_SECONDS_MAX);
    }

    @Test
    void aDefectThatIsPlantedIsFound(@TempDir Path directory) throws Exception {
        List<Fuzzer.Outcome> outcomes = sideBySide(List.of(
                planted(directory, control("planted-in-vhdx", VhdxTarget.class, "vhdx/seeds"),
                        "holdfast.vhdx.ParentLocator", "*", "Map.getOrDefault"),
                planted(directory, control("planted-in-handshake", HandshakeTarget.class, "handshake/seeds"),
                        "holdfast.nbd.Handshake", "run", "Integer.toUnsignedLong"),
                planted(directory, control("planted-in-requests", RequestsTarget.class, "requests/seeds"),
                        "holdfast.nbd.ClientRequest", "range", "Export.minimumBlockBytes"),
                planted(directory, control("planted-in-greeting", GreetingTarget.class, "greeting/seeds"),
                        "holdfast.nbd.ClientHandshake", "refused", "String.replaceAll"),
                planted(directory, control("planted-in-replies", RepliesTarget.class, "replies/seeds"),
                        "holdfast.nbd.ClientConnection", "structured", "Integer.toUnsignedLong")));
        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.coveredByCorpus()).isPositive());
        assertThat(outcomes.get(0).said()).contains("NullPointerException", "at holdfast.vhdx.ParentLocator");
        assertThat(outcomes.get(1).said()).contains("NegativeArraySizeException");
        assertThat(outcomes.get(2).said()).contains("the server lets through what is OUT_OF_RANGE");
        assertThat(outcomes.get(3).said()).contains("this is no sentence");
        assertThat(outcomes.get(4).said()).contains("AssertionError", "at holdfast.fuzz.Interview");
    }
}
