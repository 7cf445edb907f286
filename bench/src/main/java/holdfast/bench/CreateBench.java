package holdfast.bench;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// How long disks take to make, from the start of a process to its end, against qemu-img.
///
/// @param repetitions how many of each are counted, behind one that is not
/// @param storage the directory in which they are made
record CreateBench(int repetitions, Path storage) {
    static final List<String> TOOLS = List.of("qemu-img");

    private static final String GROUP = "vhdx";
    private static final String PEER = "qemu-img";
    private static final String RAW = ".raw";

    /// @param suffix of its file
    /// @param ours what our `disk create` gets besides the file and the size
    /// @param theirs what theirs gets
    /// @param taken bytes that the file system has to have for it
    record Creation(String name, String suffix, String size, List<String> ours, List<String> theirs, long taken) {
        private static Creation lazy(String name, String size) {
            return new Creation(
                    name,
                    RAW,
                    size,
                    List.of("--preallocate", "lazy"),
                    List.of("-f", "raw", "-o", "preallocation=falloc"),
                    ByteSize.parse(size).bytes());
        }
    }

    /// An empty dynamic VHDX disk; raw disks whose space is taken at once, ours initialised as it is written.
    static final List<Creation> ALL = List.of(
            new Creation("create-1t", ".vhdx", "1T", List.of(), List.of("-f", "vhdx"), 0),
            Creation.lazy("create-lazy-1g", "1G"),
            Creation.lazy("create-lazy-50g", "50G"));

    /// @param results hears each row as it comes
    void run(List<Creation> creations, Consumer<DiskRow> results) throws IOException, InterruptedException {
        for (Creation creation : creations) {
            long free = Files.getFileStore(storage).getUsableSpace();
            if (free < creation.taken) {
                throw new OperatorError(
                        storage.toString(),
                        "has " + new ByteSize(free).rounded() + " left, and " + creation.name + " takes " + creation.size,
                        "name another place: --directory, or what to measure: --only");
            }
            results.accept(row(creation));
        }
    }

    private DiskRow row(Creation creation) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(storage, "holdfast-bench");
        try {
            return row(creation, directory);
        } finally {
            Files.delete(directory);
        }
    }

    private DiskRow row(Creation creation, Path directory) throws IOException, InterruptedException {
        Path disk = directory.resolve("new" + creation.suffix);
        List<String> ours = Contender.thisProgram("disk", "create", disk.toString(), "--size", creation.size);
        ours.addAll(creation.ours);
        List<String> theirs = new ArrayList<>(List.of("qemu-img", "create", "-q"));
        theirs.addAll(creation.theirs);
        theirs.addAll(List.of(disk.toString(), creation.size));
        var oursMicros = new ArrayList<Double>();
        var theirsMicros = new ArrayList<Double>();
        for (int i = -1; i < repetitions; i++) {
            double our = micros(ours, directory);
            double their = micros(theirs, directory);
            if (i >= 0) {
                oursMicros.add(our);
                theirsMicros.add(their);
            }
        }
        return new DiskRow(creation.name, true, GROUP, PEER, cost(oursMicros), cost(theirsMicros));
    }

    /// CPU time is not measured.
    private static DiskRow.Cost cost(List<Double> wallMicros) {
        return new DiskRow.Cost(Double.NaN, Samples.median(wallMicros));
    }

    private static double micros(List<String> command, Path directory) throws IOException, InterruptedException {
        try {
            long start = System.nanoTime();
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            int exitCode = process.waitFor();
            long nanos = System.nanoTime() - start;
            if (exitCode != 0) {
                throw new OperatorError(command.getFirst(), "made no disk in " + directory, "see: " + String.join(" ", command));
            }
            return nanos / (double) TimeUnit.MICROSECONDS.toNanos(1);
        } finally {
            clear(directory);
        }
    }

    /// What lies beside a disk of ours, too.
    private static void clear(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }
}
