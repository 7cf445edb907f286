package holdfast.bench;

import holdfast.block.Access;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// What is left of the layer that traps reads when all has arrived and the disk has been open all the while: requests to such a disk, against the
/// same ones to a plain image, both served by our NBD server. A run here is followed by one there.
///
/// @param repetitions how many runs of each are counted, behind one that is not
/// @param requests in a run, as [DiskLoad] weighs them
/// @param storage the directory in which the disks are made
record HandOver(int repetitions, int requests, Path storage) {
    static final List<String> TOOLS = List.of("fio");

    private static final int DISK_MEBIBYTES = 64;
    private static final long ARRIVAL_NANOS_MAX = 120_000_000_000L;
    private static final long LOOK_NANOS = 50_000_000;

    private static final List<DiskLoad> LOADS = DiskLoad.ALL.stream().filter(load -> !load.byTime()).toList();

    private enum Disk {
        ARRIVED,
        PLAIN
    }

    static List<String> names() {
        return LOADS.stream().map(HandOver::cpu).toList();
    }

    private static String cpu(DiskLoad load) {
        return load.name() + "-cpu-us";
    }

    /// @param results ours: the disk that has arrived; theirs: the plain image
    void run(Consumer<CostRow> results) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(storage, "holdfast-bench");
        try {
            Path plain = noise(directory.resolve("plain.raw"));
            Path disk = directory.resolve("disk.raw");
            provision(disk, plain);
            Map<Disk, RunningServer> running = new EnumMap<>(Disk.class);
            try (RunningServer arrived = serve("arrived", disk, directory)) {
                arrived.awaitReady();
                awaitLetGo(plain);
                try (RunningServer other = serve("plain", plain, directory)) {
                    other.awaitReady();
                    running.put(Disk.ARRIVED, arrived);
                    running.put(Disk.PLAIN, other);
                    measure(running, results);
                }
            }
        } finally {
            clear(directory);
        }
    }

    private void measure(Map<Disk, RunningServer> running, Consumer<CostRow> results) throws IOException, InterruptedException {
        var fio = new FioRuns(repetitions, requests, DISK_MEBIBYTES);
        for (DiskLoad load : LOADS) {
            Map<Disk, DiskRow.Cost> costs = fio.measure(load, running);
            results.accept(new CostRow(
                    cpu(load), Objects.requireNonNull(costs.get(Disk.ARRIVED)).cpuMicros(), Objects.requireNonNull(costs.get(Disk.PLAIN)).cpuMicros()));
        }
    }

    private static Path noise(Path file) throws IOException {
        var bytes = new byte[DISK_MEBIBYTES << 20];
        new Random(1).nextBytes(bytes);
        return Files.write(file, bytes);
    }

    private static void provision(Path disk, Path image) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Contender.thisProgram("disk", "provision", disk.toString(), "--from", image.toString()))
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        if (process.waitFor() != 0) {
            throw new OperatorError(disk.toString(), "is not made", "see: holdfast disk provision");
        }
    }

    private static RunningServer serve(String title, Path disk, Path directory) throws IOException {
        return RunningServer.start(
                title, socket -> Contender.thisProgram("nbd", "serve", disk.toString(), "--fill", "0", "--unix", socket.toString()), directory,
                FioRuns.SERVERS);
    }

    /// Nobody has the image open any more.
    private static void awaitLetGo(Path image) {
        long deadline = System.nanoTime() + ARRIVAL_NANOS_MAX;
        while (true) {
            try {
                RawFile.open(image, Access.READ_WRITE).close();
                return;
            } catch (OperatorError inUse) {
                if (System.nanoTime() > deadline) {
                    throw new OperatorError(image.toString(), "is not let go of", "see whether a disk that is open arrives: holdfast disk info");
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
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
