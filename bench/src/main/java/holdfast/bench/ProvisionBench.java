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
/// QEMU's copy-on-read over a qcow2 file, served by qemu-nbd. Each run has a new disk: it is read cold, and the same once more. A run here is
/// followed by one there.
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
    private record Run(double coldMicros, double warmMicros, double heldPerTouched) {}

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
        results.accept(new CostRow(cold(depth), median(ours.stream().map(Run::coldMicros)), median(theirs.stream().map(Run::coldMicros))));
        results.accept(new CostRow(warm(depth), median(ours.stream().map(Run::warmMicros)), median(theirs.stream().map(Run::warmMicros))));
        results.accept(new CostRow(held(depth), median(ours.stream().map(Run::heldPerTouched)), median(theirs.stream().map(Run::heldPerTouched))));
    }

    private static double median(Stream<Double> values) {
        return Samples.median(values.toList());
    }

    private Run once(Contestant whose, int depth, String image, Path directory) throws IOException, InterruptedException {
        try (RunningServer server = start(whose, image, directory)) {
            server.awaitReady();
            double cold = micros(depth, server.uri());
            double warm = micros(depth, server.uri());
            Path held = directory.resolve(whose == Contestant.OURS ? "disk.raw.incomplete" : "disk.qcow2");
            return new Run(cold, warm, (double) takenBytes(held) / ((long) requests * BLOCK_BYTES));
        } finally {
            for (String prefix : List.of("disk.", "holdfast.", "qemu-nbd.")) {
                clear(directory, prefix);
            }
        }
    }

    private static RunningServer start(Contestant whose, String image, Path directory) throws IOException, InterruptedException {
        return switch (whose) {
            case OURS -> {
                Path disk = directory.resolve("disk.raw");
                succeed(Contender.thisProgram("disk", "provision", disk.toString(), "--from", image));
                yield RunningServer.start(
                        "holdfast", socket -> Contender.thisProgram("nbd", "serve", disk.toString(), "--fill", "none", "--unix", socket.toString()), directory, FioRuns.SERVERS);
            }
            case QEMU -> {
                Path disk = directory.resolve("disk.qcow2");
                succeed(List.of("qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "raw", disk.toString()));
                String options = "driver=copy-on-read,file.driver=qcow2,file.file.driver=file,file.file.filename=" + disk;
                yield RunningServer.start(
                        "qemu-nbd",
                        socket -> List.of("qemu-nbd", "--persistent", "--shared=4", "--socket=" + socket, "--image-opts", options),
                        directory,
                        FioRuns.SERVERS);
            }
        };
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
