package holdfast.bench;

import holdfast.block.OperatorError;
import holdfast.cli.CleanUp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// What a run of benchmarks has to take away again, however it ends: virtual machines, and a directory for what is made.
final class Stage implements AutoCloseable {
    private final CleanUp cleanUp = new CleanUp();
    private final Path directory;
    private int guests;

    Stage() {
        try {
            directory = Files.createTempDirectory("holdfast-bench");
        } catch (IOException e) {
            throw new OperatorError(System.getProperty("java.io.tmpdir", "/tmp"), "cannot be written to", "name another place: TMPDIR");
        }
        cleanUp.add(this::removeDirectory);
    }

    Path directory() {
        return directory;
    }

    /// Has something closed at the end.
    <T extends AutoCloseable> T add(T step) {
        return cleanUp.add(step);
    }

    /// Starts a virtual machine that does not survive this process.
    RunningGuest start(Contender contender, List<String> command, Cores cores) {
        return add(RunningGuest.start(contender, command, cores, directory.resolve("errors" + guests++)));
    }

    private void removeDirectory() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(file);
            }
        }
    }

    @Override
    public void close() {
        cleanUp.close();
    }
}
