package holdfast.bench;

import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Random reads of 4 KiB from a disk whose image is some milliseconds away: a provisioned disk of ours, served by our NBD server, against
/// QEMU's copy-on-read over a qcow2 file, served by qemu-nbd. Each run has new disks: the first is read by a server that has just begun (fresh), the
/// other one behind it (cold), and the same once more (warm). A run here is followed by one there.
///
/// @param repetitions how many runs of each are counted, behind one that is not
/// @param requests in a run, no two of them for one block
/// @param delayMillis how far away the image is
/// @param imageMebibytes how large the image is; it has other bytes everywhere, and takes no room
/// @param storage the directory in which disks are made
record ProvisionBench(int repetitions, int requests, int delayMillis, int imageMebibytes, Path storage) {
    static final List<String> TOOLS = List.of("fio", "nbdkit", "qemu-img", "qemu-nbd");
    static final List<Integer> DEPTHS = List.of(1, 16);

    private static final int BLOCK_BYTES = 4096;

    /// Whose disk it is.
    private enum Contestant {
        OURS,
        QEMU
    }

    /// @param heldPerTouched bytes that the disk takes on the host, per byte that was asked for
    private record Run(double freshMicros, double coldMicros, double warmMicros, double heldPerTouched) {}

    /// Each of ours in the one server that has both, each of QEMU's in one of its own.
    private static final List<String> DISKS = List.of("first", "second");

    static String fresh(int depth) {
        return "fresh-randread-4k-qd" + depth + "-us";
    }

    static String cold(int depth) {
        return "cold-randread-4k-qd" + depth + "-us";
    }

    static String warm(int depth) {
        return "warm-randread-4k-qd" + depth + "-us";
    }

    static String held(int depth) {
        return "held-per-byte-touched-qd" + depth;
    }

    /// @param results hears each row as it comes
    void run(List<Integer> depths, Consumer<CostRow> results) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(storage, "holdfast-bench");
        try (RunningServer repository = repository(directory)) {
            repository.awaitReady();
            for (int depth : depths) {
                rows(depth, repository.uri(), directory, results);
            }
        } finally {
            clear(directory, "");
            Files.delete(directory);
        }
    }

    private RunningServer repository(Path directory) throws IOException {
        return RunningServer.start(
                "image",
                socket -> List.of("nbdkit", "--foreground", "--readonly", "--unix", socket.toString(), "--filter=delay", "pattern",
                        "size=" + imageMebibytes + "M", "rdelay=" + delayMillis + "ms"),
                directory,
                Cores.allowed());
    }

    private void rows(int depth, String image, Path directory, Consumer<CostRow> results) throws IOException, InterruptedException {
        Map<Contestant, List<Run>> runs = new EnumMap<>(Contestant.class);
        for (int i = -1; i < repetitions; i++) {
            for (Contestant each : Contestant.values()) {
                Run run = once(each, depth, image, directory);
                if (i >= 0) {
                    runs.computeIfAbsent(each, _ -> new ArrayList<>()).add(run);
                }
            }
        }
        List<Run> ours = runs.getOrDefault(Contestant.OURS, List.of());
        List<Run> theirs = runs.getOrDefault(Contestant.QEMU, List.of());
        results.accept(new CostRow(fresh(depth), median(ours.stream().map(Run::freshMicros)), median(theirs.stream().map(Run::freshMicros))));
        results.accept(new CostRow(cold(depth), median(ours.stream().map(Run::coldMicros)), median(theirs.stream().map(Run::coldMicros))));
        results.accept(new CostRow(warm(depth), median(ours.stream().map(Run::warmMicros)), median(theirs.stream().map(Run::warmMicros))));
        results.accept(new CostRow(held(depth), median(ours.stream().map(Run::heldPerTouched)), median(theirs.stream().map(Run::heldPerTouched))));
    }

    private static double median(Stream<Double> values) {
        return Samples.median(values.toList());
    }

    private Run once(Contestant whose, int depth, String image, Path directory) throws IOException, InterruptedException {
        List<Path> disks = new ArrayList<>();
        for (String name : DISKS) {
            disks.add(make(whose, directory.resolve(name + (whose == Contestant.OURS ? ".raw" : ".qcow2")), image));
        }
        try (Served served = serve(whose, disks, directory)) {
            double fresh = micros(depth, served.uris.getFirst());
            double cold = micros(depth, served.uris.getLast());
            double warm = micros(depth, served.uris.getLast());
            Path held = whose == Contestant.OURS ? Path.of(disks.getLast() + ".incomplete") : disks.getLast();
            return new Run(fresh, cold, warm, (double) takenBytes(held) / ((long) requests * BLOCK_BYTES));
        } finally {
            for (String prefix : Stream.concat(DISKS.stream(), Stream.of("holdfast.")).toList()) {
                clear(directory, prefix);
            }
        }
    }

    private static Path make(Contestant whose, Path disk, String image) throws IOException, InterruptedException {
        succeed(switch (whose) {
            case OURS -> Contender.thisProgram("disk", "provision", disk.toString(), "--from", image);
            case QEMU -> List.of("qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "raw", disk.toString());
        });
        return disk;
    }

    /// @param uris of the disks
    private record Served(List<RunningServer> servers, List<String> uris) implements AutoCloseable {
        @Override
        public void close() {
            servers.forEach(RunningServer::close);
        }
    }

    private static Served serve(Contestant whose, List<Path> disks, Path directory) {
        var served = new Served(new ArrayList<>(), new ArrayList<>());
        try {
            switch (whose) {
                case OURS -> {
                    RunningServer server = RunningServer.start("holdfast", socket -> ours(disks, socket), directory, FioRuns.SERVERS);
                    served.servers.add(server);
                    disks.forEach(disk -> served.uris.add(server.uri(String.valueOf(disk.getFileName()))));
                }
                case QEMU -> {
                    for (Path disk : disks) {
                        RunningServer server = RunningServer.start(disk.getFileName() + ".qemu-nbd", socket -> qemu(disk, socket), directory, FioRuns.SERVERS);
                        served.servers.add(server);
                        served.uris.add(server.uri());
                    }
                }
            }
            served.servers.forEach(RunningServer::awaitReady);
            return served;
        } catch (RuntimeException e) {
            served.close();
            throw e;
        }
    }

    private static List<String> ours(List<Path> disks, Path socket) {
        List<String> command = new ArrayList<>(Contender.thisProgram("nbd", "serve", "--fill", "none", "--unix", socket.toString()));
        disks.forEach(disk -> command.add(disk.toString()));
        return command;
    }

    private static List<String> qemu(Path disk, Path socket) {
        String options = "driver=copy-on-read,file.driver=qcow2,file.file.driver=file,file.file.filename=" + disk;
        return List.of("qemu-nbd", "--persistent", "--shared=4", "--socket=" + socket, "--image-opts", options);
    }

    private static void succeed(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        if (process.waitFor() != 0) {
            throw new OperatorError(command.getFirst(), "made no disk", "see: " + String.join(" ", command));
        }
    }

    /// The same requests each time.
    private double micros(int depth, String uri) throws IOException, InterruptedException {
        double seconds = FioRuns.seconds(
                List.of("--output-format=json", "--name=provision", "--ioengine=nbd", "--uri=" + uri, "--rw=randread", "--bs=" + BLOCK_BYTES,
                        "--iodepth=" + depth, "--size=" + ((long) imageMebibytes << 20), "--number_ios=" + requests, "--randrepeat=1",
                        "--allrandrepeat=1"),
                requests);
        return seconds * 1e6 / requests;
    }

    private static long takenBytes(Path file) {
        return RawFile.allocatedBytes(file);
    }

    private static void clear(Path directory, String prefix) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(each -> String.valueOf(each.getFileName()).startsWith(prefix)).toList()) {
                Files.delete(file);
            }
        }
    }
}
