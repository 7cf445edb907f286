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
    private static final long SECONDS = Long.getLong("holdfast.fuzzSeconds", 5);
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
            // However slow the machine: the kept corpus, and something of the fuzzer's own.
            assertThat(outcome.runs()).as("inputs tried for %s", name).isGreaterThan(fuzzers(seconds).get(i).inputsKept());
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

    /// A defect in place of a call, which a fuzzer has to find from the seeds, that alone do not find it: that would say nothing of the fuzzer.
    ///
    /// @param said what has to be in what it says
    private record Control(String name, Class<?> target, String inClass, String inMethod, String callee, List<String> said) {
        Fuzzer.Outcome run(Path directory) throws Exception {
            Path classes = directory.resolve(name);
            new Mutant(name, inClass, inMethod, callee, Planted.class.getName(), "").writeTo(classes);
            return new Fuzzer("planted-in-" + name, target, name + "/seeds", CONTROL_SECONDS_MAX).run(classes);
        }
    }

    private static final List<Control> A_FILE_AND_A_SERVER = List.of(
            new Control("vhdx", VhdxTarget.class, "holdfast.vhdx.ParentLocator", "*", "Map.getOrDefault",
                    List.of("NullPointerException", "at holdfast.vhdx.ParentLocator")),
            new Control("replies", RepliesTarget.class, "holdfast.nbd.ClientConnection", "structured", "Integer.toUnsignedLong",
                    List.of("AssertionError", "at holdfast.fuzz.Interview")));
    private static final List<Control> THE_OTHERS = List.of(
            new Control("handshake", HandshakeTarget.class, "holdfast.nbd.Handshake", "run", "Integer.toUnsignedLong",
                    List.of("NegativeArraySizeException")),
            new Control("requests", RequestsTarget.class, "holdfast.nbd.ClientRequest", "range", "Export.minimumBlockBytes",
                    List.of("the server lets through what is OUT_OF_RANGE")),
            new Control("greeting", GreetingTarget.class, "holdfast.nbd.ClientHandshake", "refused", "String.replaceAll",
                    List.of("this is no sentence")));

    private static void find(List<Control> controls, Path directory) throws Exception {
        List<Callable<Fuzzer.Outcome>> runs = new ArrayList<>();
        for (Control control : controls) {
            runs.add(() -> control.run(directory));
        }
        List<Fuzzer.Outcome> outcomes = sideBySide(runs);
        for (int i = 0; i < outcomes.size(); i++) {
            assertThat(outcomes.get(i).coveredByCorpus()).isPositive();
            assertThat(outcomes.get(i).said()).contains(controls.get(i).said());
        }
    }

    @Test
    void aDefectThatIsPlantedInWhatReadsAFileOrAServerIsFound(@TempDir Path directory) throws Exception {
        find(A_FILE_AND_A_SERVER, directory);
    }

    @Test
    @Tag("long")
    void aDefectThatIsPlantedInWhatHearsClientsIsFound(@TempDir Path directory) throws Exception {
        find(THE_OTHERS, directory);
    }
}
