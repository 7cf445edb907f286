package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Runs of fio at servers that take turns: a run here is followed by one there.
///
/// @param repetitions how many runs of each are counted
/// @param requests in a run of a light load
record FioRuns(int repetitions, int requests, int diskMebibytes) {
    /// What servers run on, all of them, and fio on the others.
    static final Cores SERVERS = Cores.allowed().last(1);

    private static final Cores CLIENT = Cores.allowed().allButLast(1);

    /// One run of each is not counted: in it our server is compiled.
    ///
    /// @return medians, in the order of the servers
    <K> Map<K, DiskRow.Cost> measure(DiskLoad load, Map<K, RunningServer> running) throws IOException, InterruptedException {
        Map<K, List<DiskRow.Cost>> all = new LinkedHashMap<>();
        for (int i = -1; i < repetitions; i++) {
            for (Map.Entry<K, RunningServer> each : running.entrySet()) {
                DiskRow.Cost cost = once(load, each.getValue());
                if (i >= 0) {
                    all.computeIfAbsent(each.getKey(), _ -> new ArrayList<>()).add(cost);
                }
            }
        }
        Map<K, DiskRow.Cost> medians = new LinkedHashMap<>();
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
        double seconds = seconds(load.arguments(server.uri(), (long) diskMebibytes << 20, count), count);
        double cpuSeconds = server.cpuSeconds() - before;
        return new DiskRow.Cost(cpuSeconds * 1e6 / count, seconds * 1e6 / count);
    }

    /// What fio says of a run.
    ///
    /// @param seconds wall time, without fio's own start
    /// @param p99Micros what 99 of 100 requests took at most
    record Run(double seconds, double p99Micros) {}

    /// @param arguments fio's, for one job of so many requests whose result is JSON
    /// @return wall time of the run, without fio's own start
    static double seconds(List<String> arguments, int count) throws IOException, InterruptedException {
        return run(arguments, count).seconds;
    }

    /// @param arguments fio's, for one job of so many requests of one kind whose result is JSON
    static Run run(List<String> arguments, int count) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(CLIENT.command());
        command.add("fio");
        command.addAll(arguments);
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
        double p99Nanos = job.at("/read/clat_ns/percentile/99.000000").asDouble() + job.at("/write/clat_ns/percentile/99.000000").asDouble();
        return new Run(job.get("job_runtime").asDouble() / 1e3, p99Nanos / 1e3);
    }
}
