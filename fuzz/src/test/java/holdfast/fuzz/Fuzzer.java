package holdfast.fuzz;

import holdfast.testkit.Program;
import holdfast.testkit.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Jazzer on one target, in a JVM of its own. It begins with the kept corpus and leaves what it finds new, and the input that
/// shows a defect, under `target`.
///
/// @param name of the run, and of what it leaves
/// @param target class with `fuzzerTestOneInput`
/// @param corpus the directory below `fuzz/corpus`
/// @param seconds of fuzzing, after the kept corpus was tried
record Fuzzer(String name, Class<?> target, String corpus, long seconds) {
    /// For one input: some thousand times what the slowest takes.
    private static final int HANG_SECONDS = 10;

    /// The heap: what a server of 32 clients would do with, or a disk of any size.
    private static final String HEAP = "-Xmx256m";

    private static final long RESIDENT_MEBIBYTES_MAX = 1200;
    private static final long START_LIMIT_SECONDS = 600;
    /// They find injections into programs that open files and sockets by name; ours are meant to.
    private static final List<String> SANITIZERS = Stream.of("FilePathTraversal", "ServerSideRequestForgery")
            .map(name -> "com.code_intelligence.jazzer.sanitizers." + name)
            .toList();

    private static final Pattern DONE = Pattern.compile("Done (\\d+) runs");
    private static final Pattern COVERED = Pattern.compile("INITED +cov: (\\d+)");

    /// @param exitCode of Jazzer: 0 when it has found nothing
    /// @param said all it said
    record Outcome(int exitCode, String said) {
        /// Inputs tried; 0 when it has found something.
        long runs() {
            Matcher done = DONE.matcher(said);
            return done.find() ? Long.parseLong(done.group(1)) : 0;
        }

        /// Branches of the product that the kept corpus reaches.
        int coveredByCorpus() {
            Matcher covered = COVERED.matcher(said);
            return covered.find() ? Integer.parseInt(covered.group(1)) : 0;
        }

        /// What it has found, for people.
        String finding() {
            return said.lines()
                    .dropWhile(line -> !line.startsWith("==") && !line.contains("ERROR: libFuzzer"))
                    .limit(60)
                    .collect(Collectors.joining("\n"));
        }
    }

    private static Path module() {
        return Tree.root().resolve("fuzz");
    }

    private Path kept() {
        return module().resolve("corpus").resolve(corpus);
    }

    /// Inputs in the kept corpus.
    long inputsKept() throws IOException {
        try (Stream<Path> files = Files.list(kept())) {
            return files.count();
        }
    }

    /// @param first directories on the class path before our own
    Outcome run(Path... first) throws IOException, InterruptedException {
        Path left = Files.createDirectories(module().resolve("target/left").resolve(name));
        Path grown = module().resolve("target/grown").resolve(name);
        remove(grown);
        Files.createDirectories(grown);
        Path work = Files.createTempDirectory(memory(), "holdfast-fuzz");
        Path log = left.resolve("log");
        try {
            var builder = new ProcessBuilder(command(work, left, grown, first))
                    .directory(work.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            Process process = Program.start(builder, Duration.ofSeconds(seconds + START_LIMIT_SECONDS));
            process.getOutputStream().close();
            return new Outcome(process.waitFor(), Files.readString(log));
        } finally {
            remove(work);
        }
    }

    /// Files are made thousands of times a second.
    private static Path memory() {
        Path shared = Path.of("/dev/shm");
        return Files.isWritable(shared) ? shared : Path.of(System.getProperty("java.io.tmpdir"));
    }

    private List<String> command(Path work, Path left, Path grown, Path... first) {
        var classPath = new ArrayList<String>();
        for (Path directory : first) {
            classPath.add(directory.toString());
        }
        classPath.add(System.getProperty("java.class.path"));
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + Tree.root().resolve("tools/jvm.options"),
                "-XX:+EnableDynamicAgentLoading",
                HEAP,
                "-Djava.io.tmpdir=" + work,
                "-cp",
                String.join(":", classPath),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.getName(),
                "--instrumentation_includes=holdfast.block.*:holdfast.vhdx.*:holdfast.nbd.*",
                "--disabled_hooks=" + String.join(":", SANITIZERS),
                "--reproducer_path=" + work,
                "-artifact_prefix=" + left + "/",
                "-max_total_time=" + seconds,
                "-timeout=" + HANG_SECONDS,
                "-rss_limit_mb=" + RESIDENT_MEBIBYTES_MAX,
                "-max_len=16384",
                "-print_final_stats=1",
                grown.toString(),
                kept().toString());
    }

    private static void remove(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
