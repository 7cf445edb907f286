package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;

/// Our NBD server against others: fio over a unix socket, each server with a disk of its own on the same storage. All run from
/// the start; a run here is followed by one there.
final class DiskBench implements AutoCloseable {
    static final List<String> TOOLS = List.of("fio", "qemu-nbd", "nbdkit");

    private static final int CHUNK_BYTES = 1 << 20;

    private final Stage stage = new Stage();
    private final FioRuns fio;

    DiskBench(FioRuns fio) {
        this.fio = fio;
    }

    /// @param place what the storage is called
    /// @param storage a directory on it
    /// @param results hears each row as it comes
    void run(String place, Path storage, List<DiskLoad> loads, Consumer<DiskRow> results)
            throws IOException, InterruptedException {
        if (loads.isEmpty()) {
            return;
        }
        Map<DiskServer, RunningServer> running = new EnumMap<>(DiskServer.class);
        for (DiskServer server : DiskServer.values()) {
            Path disk = storage.resolve("holdfast-bench-" + ProcessHandle.current().pid() + "-" + server.title() + ".img");
            stage.add(() -> Files.deleteIfExists(disk));
            fill(disk);
            Path own = Files.createDirectories(stage.directory().resolve(place));
            running.put(server, stage.add(RunningServer.start(server, disk, own, FioRuns.SERVERS)));
        }
        running.values().forEach(RunningServer::awaitReady);
        for (DiskLoad load : loads) {
            Map<DiskServer, DiskRow.Cost> costs = fio.measure(load, running);
            DiskRow.Cost ours = Objects.requireNonNull(costs.remove(DiskServer.HOLDFAST));
            costs.forEach((peer, theirs) -> results.accept(DiskRow.of(load, place, peer.title(), ours, theirs)));
        }
        running.values().forEach(RunningServer::close);
    }

    /// With noise: nothing is a hole, and no server finds zeros.
    private void fill(Path disk) throws IOException {
        var random = new Random(1);
        var chunk = new byte[CHUNK_BYTES];
        try (var out = Files.newOutputStream(disk)) {
            for (int i = 0; i < fio.diskMebibytes(); i++) {
                random.nextBytes(chunk);
                out.write(chunk);
            }
        } catch (IOException e) {
            throw new OperatorError(disk.toString(), "cannot be written: " + e.getMessage(), "name another place: --directory");
        }
    }

    @Override
    public void close() {
        stage.close();
    }
}
