package holdfast.bench;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.vhdx.NewVhdx;
import holdfast.vhdx.VhdxDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// What VHDX costs: our server with a dynamic disk that is all there, against itself with a raw one; with a chain of eight
/// files, each of which has its share, against one file; and how long an empty disk of 1 TiB takes to make, against qemu-img.
/// All disks are in one directory.
final class VhdxBench implements AutoCloseable {
    static final String CREATE = "create-1t";
    static final List<String> TOOLS = List.of("fio", "qemu-img");

    private static final String GROUP = "vhdx";
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int DEPTH = 8;
    private static final String TEBIBYTE = "1T";

    private final Stage stage = new Stage();
    private final FioRuns fio;
    private final Path storage;
    private final byte[] noise = new byte[CHUNK_BYTES];

    VhdxBench(FioRuns fio, Path storage) {
        this.fio = fio;
        this.storage = storage;
        new Random(1).nextBytes(noise);
    }

    /// @param results hears each row as it comes
    void run(List<DiskLoad> loads, Consumer<DiskRow> results) throws IOException, InterruptedException {
        if (!loads.isEmpty()) {
            duel("dynamic", dynamic(path("dynamic.vhdx")), "raw", raw(path("raw.img")), loads, results);
        }
        List<DiskLoad> reads = loads.stream().filter(load -> load.pattern().endsWith("read")).toList();
        if (!reads.isEmpty()) {
            duel("chain-" + DEPTH, chain(), "chain-1", dynamic(path("chain-1.vhdx")), reads, results);
        }
    }

    private void duel(String ours, Path disk, String theirs, Path other, List<DiskLoad> loads, Consumer<DiskRow> results)
            throws IOException, InterruptedException {
        Map<String, RunningServer> running = new LinkedHashMap<>();
        running.put(ours, start(ours, disk));
        running.put(theirs, start(theirs, other));
        running.values().forEach(RunningServer::awaitReady);
        for (DiskLoad load : loads) {
            Map<String, DiskRow.Cost> costs = fio.measure(load, running);
            DiskRow.Cost our = Objects.requireNonNull(costs.get(ours));
            DiskRow.Cost their = Objects.requireNonNull(costs.get(theirs));
            results.accept(new DiskRow(ours + "-" + load.name(), load.byTime(), GROUP, theirs, our, their));
        }
        running.values().forEach(RunningServer::close);
    }

    private RunningServer start(String title, Path disk) throws IOException {
        Path own = Files.createDirectories(stage.directory().resolve(title));
        return stage.add(RunningServer.start(DiskServer.HOLDFAST, disk, own, FioRuns.SERVERS));
    }

    /// From the start of a process to its end.
    void create(Consumer<DiskRow> results) throws IOException, InterruptedException {
        Path disk = path("new.vhdx");
        List<String> ours = Contender.thisProgram("disk", "create", disk.toString(), "--size", TEBIBYTE);
        List<String> theirs = List.of("qemu-img", "create", "-q", "-f", "vhdx", disk.toString(), TEBIBYTE);
        var oursMicros = new ArrayList<Double>();
        var theirsMicros = new ArrayList<Double>();
        for (int i = -1; i < fio.repetitions(); i++) {
            double our = micros(ours, disk);
            double their = micros(theirs, disk);
            if (i >= 0) {
                oursMicros.add(our);
                theirsMicros.add(their);
            }
        }
        results.accept(new DiskRow(
                CREATE, true, GROUP, "qemu-img", cost(Samples.median(oursMicros)), cost(Samples.median(theirsMicros))));
    }

    /// CPU time is not measured.
    private static DiskRow.Cost cost(double wallMicros) {
        return new DiskRow.Cost(Double.NaN, wallMicros);
    }

    private static double micros(List<String> command, Path made) throws IOException, InterruptedException {
        long start = System.nanoTime();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        int exitCode = process.waitFor();
        long nanos = System.nanoTime() - start;
        if (exitCode != 0 || !Files.deleteIfExists(made)) {
            throw new OperatorError(command.getFirst(), "made no disk at " + made, "see: " + String.join(" ", command));
        }
        return nanos / (double) TimeUnit.MICROSECONDS.toNanos(1);
    }

    /// A file that is taken away in the end.
    private Path path(String name) {
        Path path = storage.resolve("holdfast-bench-" + ProcessHandle.current().pid() + "-" + name);
        stage.add(() -> Files.deleteIfExists(path));
        return path;
    }

    private Path raw(Path path) throws IOException {
        try (var out = Files.newOutputStream(path)) {
            for (int i = 0; i < fio.diskMebibytes(); i++) {
                out.write(noise);
            }
        } catch (IOException e) {
            throw new OperatorError(path.toString(), "cannot be written: " + e.getMessage(), "name another place: --directory");
        }
        return path;
    }

    private Path dynamic(Path path) {
        NewVhdx.create(path, new NewVhdx.Shape((long) fio.diskMebibytes() * CHUNK_BYTES, NewVhdx.BLOCK_BYTES, 512, false));
        fill(path, 0, 1);
        return path;
    }

    /// Every file has the mebibytes whose number leaves its place in the chain as remainder; the first has them all.
    private Path chain() {
        Path last = dynamic(path("base.vhdx"));
        for (int i = 1; i < DEPTH; i++) {
            Path child = path("child" + i + ".vhdx");
            NewVhdx.createOver(child, last);
            fill(child, i, DEPTH);
            last = child;
        }
        return last;
    }

    private void fill(Path path, int first, int step) {
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var to = new Blocking(disk);
            for (int i = first; i < fio.diskMebibytes(); i += step) {
                to.write((long) i * CHUNK_BYTES, noise);
            }
            to.flush();
        } catch (DiskException e) {
            throw new OperatorError(path.toString(), "cannot be written: " + e.getMessage(), "name another place: --directory");
        }
    }

    @Override
    public void close() {
        stage.close();
    }
}
