package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Our NBD server against others: fio over a unix socket, each server with a disk of its own on the same storage. All run from
/// the start; a run here is followed by one there.
final class DiskBench implements AutoCloseable {
    static final List<String> TOOLS = List.of("fio", "qemu-nbd", "nbdkit");

    private static final int CHUNK_BYTES = 1 << 20;

    private final Stage stage = new Stage();
    private final Cores servers = Cores.allowed().last(1);
    private final Cores client = Cores.allowed().allButLast(1);
    private final int repetitions;
    private final int requests;
    private final int diskMebibytes;

    /// @param requests in a run of a light load
    DiskBench(int repetitions, int requests, int diskMebibytes) {
        this.repetitions = repetitions;
        this.requests = requests;
        this.diskMebibytes = diskMebibytes;
    }

    /// @param place what the storage is called
    /// @param storage a directory on it
    /// @param results hears each row as it comes
    void run(String place, Path storage, List<DiskLoad> loads, Consumer<DiskRow> results)
            throws IOException, InterruptedException {
        Map<DiskServer, RunningServer> running = new EnumMap<>(DiskServer.class);
        for (DiskServer server : DiskServer.values()) {
            Path disk = storage.resolve("holdfast-bench-" + ProcessHandle.current().pid() + "-" + server.title() + ".img");
            stage.add(() -> Files.deleteIfExists(disk));
            fill(disk);
            Path own = Files.createDirectories(stage.directory().resolve(place));
            running.put(server, stage.add(RunningServer.start(server, disk, own, servers)));
        }
        running.values().forEach(RunningServer::awaitReady);
        for (DiskLoad load : loads) {
            Map<DiskServer, DiskRow.Cost> costs = measure(load, running);
            DiskRow.Cost ours = Objects.requireNonNull(costs.remove(DiskServer.HOLDFAST));
            costs.forEach((peer, theirs) -> results.accept(new DiskRow(load, place, peer, ours, theirs)));
        }
        running.values().forEach(RunningServer::close);
    }

    /// With noise: nothing is a hole, and no server finds zeros.
    private void fill(Path disk) throws IOException {
        var random = new Random(1);
        var chunk = new byte[CHUNK_BYTES];
        try (var out = Files.newOutputStream(disk)) {
            for (int i = 0; i < diskMebibytes; i++) {
                random.nextBytes(chunk);
                out.write(chunk);
            }
        } catch (IOException e) {
            throw new OperatorError(disk.toString(), "cannot be written: " + e.getMessage(), "name another place: --directory");
        }
    }

    /// One run of each is not counted: in it our server is compiled.
    private Map<DiskServer, DiskRow.Cost> measure(DiskLoad load, Map<DiskServer, RunningServer> running)
            throws IOException, InterruptedException {
        Map<DiskServer, List<DiskRow.Cost>> all = new EnumMap<>(DiskServer.class);
        for (int i = -1; i < repetitions; i++) {
            for (Map.Entry<DiskServer, RunningServer> each : running.entrySet()) {
                DiskRow.Cost cost = once(load, each.getValue());
                if (i >= 0) {
                    all.computeIfAbsent(each.getKey(), _ -> new ArrayList<>()).add(cost);
                }
            }
        }
        Map<DiskServer, DiskRow.Cost> medians = new EnumMap<>(DiskServer.class);
        all.forEach((server, costs) -> medians.put(
                server, new DiskRow.Cost(median(costs, DiskRow.Cost::cpuMicros), median(costs, DiskRow.Cost::wallMicros))));
        return medians;
    }

    private static double median(List<DiskRow.Cost> costs, ToDoubleFunction<DiskRow.Cost> what) {
        return Samples.median(costs.stream().map(what::applyAsDouble).toList());
    }

    private DiskRow.Cost once(DiskLoad load, RunningServer server) throws IOException, InterruptedException {
        int count = load.requests(requests);
        double before = server.cpuSeconds();
        double seconds = fio(load, server.uri(), count);
        double cpuSeconds = server.cpuSeconds() - before;
        return new DiskRow.Cost(cpuSeconds * 1e6 / count, seconds * 1e6 / count);
    }

    /// @return wall time of the run, without fio's own start
    private double fio(DiskLoad load, String uri, int count) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(client.command());
        command.add("fio");
        command.addAll(load.arguments(uri, (long) diskMebibytes * CHUNK_BYTES, count));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0 || !said.contains("{")) {
            throw new OperatorError("fio", "failed", said.lines().reduce("it said nothing", (_, line) -> line));
        }
        // A line of its NBD engine comes first.
        JsonNode job = JsonMapper.shared().readTree(said.substring(said.indexOf('{'))).get("jobs").get(0);
        long done = job.get("read").get("total_ios").asLong() + job.get("write").get("total_ios").asLong();
        if (done != count) {
            throw new OperatorError("fio", "made " + done + " requests, not " + count, "see what the server says");
        }
        return job.get("job_runtime").asDouble() / 1e3;
    }

    @Override
    public void close() {
        stage.close();
    }
}
