package holdfast.bench;

import holdfast.block.OperatorError;
import holdfast.image.Image;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// How long a guest that boots waits for its disk, which is still arriving from some milliseconds away: with a trace of an earlier boot, and
/// without. What arrives is what the guest or the trace asks for.
///
/// @param repetitions boots of each kind; one without a trace is followed by one with the trace of that
/// @param storage the directory in which the disks are made
record BootWait(Image image, int repetitions, int delayMillis, Path storage) {
    static final String WAIT = "boot-wait-ms";
    static final String MISSES = "boot-misses";
    static final List<String> TOOLS = List.of("nbdkit");

    private static final String IS_UP = "is up";

    /// So that nothing else arrives: after the trace a piece, and then a pause of minutes.
    private static final List<String> TRACE_ALONE = List.of("--fill", "1K");

    private record Boot(double waitedMillis, double misses) {}

    /// @param results ours: with a trace; theirs: without
    void run(Consumer<CostRow> results) throws IOException, InterruptedException {
        @Nullable Path disk = image.disk();
        if (disk == null) {
            throw new OperatorError(image.name(), "boots without a disk", "name an image that has one, such as debian");
        }
        Path directory = Files.createTempDirectory(storage, "holdfast-bench");
        try (RunningServer repository = RunningServer.start(
                "image",
                socket -> List.of("nbdkit", "--foreground", "--readonly", "--unix", socket.toString(), "--filter=delay", "file",
                        disk.toString(), "rdelay=" + delayMillis + "ms"),
                directory,
                Cores.allowed())) {
            repository.awaitReady();
            var with = new ArrayList<Boot>();
            var without = new ArrayList<Boot>();
            for (int i = 0; i < repetitions; i++) {
                Path first = directory.resolve("first-" + i + ".raw");
                Path trace = directory.resolve("trace-" + i);
                succeed(List.of("disk", "provision", first.toString(), "--from", repository.uri()));
                without.add(boot(first, List.of("--fill", "none"), directory));
                succeed(List.of("disk", "trace", first.toString(), trace.toString()));
                Path second = directory.resolve("second-" + i + ".raw");
                succeed(List.of("disk", "provision", second.toString(), "--from", repository.uri(), "--trace", trace.toString()));
                with.add(boot(second, TRACE_ALONE, directory));
            }
            results.accept(new CostRow(WAIT, median(with.stream().map(Boot::waitedMillis)), median(without.stream().map(Boot::waitedMillis))));
            results.accept(new CostRow(MISSES, median(with.stream().map(Boot::misses)), median(without.stream().map(Boot::misses))));
        } finally {
            clear(directory);
        }
    }

    private static double median(Stream<Double> values) {
        return Samples.median(values.toList());
    }

    private static void succeed(List<String> words) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Contender.thisProgram(words.toArray(String[]::new)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        process.getInputStream().readAllBytes();
        if (process.waitFor() != 0) {
            throw new OperatorError("holdfast " + String.join(" ", words), "failed", "see above");
        }
    }

    private Boot boot(Path disk, List<String> options, Path directory) throws IOException, InterruptedException {
        var words = new ArrayList<>(List.of(
                "run", "--kernel", Objects.requireNonNull(image.kernel()).toString(), "--initrd", Objects.requireNonNull(image.initrd()).toString(),
                "--append", image.append(), "--memory", (image.memoryBytes() >> 20) + "MiB", "--disk", disk.toString(),
                "--exec", "echo " + IS_UP + "; cat"));
        words.addAll(options);
        var command = new ArrayList<>(RunningGuest.DIES_WITH_US);
        command.addAll(Contender.thisProgram(words.toArray(String[]::new)));
        Path errors = directory.resolve("run.errors");
        Process guest = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        try (BufferedReader out = guest.inputReader(StandardCharsets.UTF_8)) {
            String line = out.readLine();
            if (!IS_UP.equals(line)) {
                throw new OperatorError("the guest", "does not boot", "its last words: " + Files.readString(errors).strip());
            }
            return looked(disk);
        } finally {
            guest.getOutputStream().close();
            guest.waitFor();
        }
    }

    /// What the process says that has the disk open.
    private static Boot looked(Path disk) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Contender.thisProgram("disk", "info", disk.toString(), "-o", "json")).start();
        JsonNode info = new JsonMapper().readTree(process.getInputStream().readAllBytes());
        process.waitFor();
        return new Boot(info.get("waitedSeconds").asDouble() * 1e3, info.get("waitedTimes").asDouble());
    }

    private static void clear(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
