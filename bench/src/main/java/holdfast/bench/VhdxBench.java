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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;

/// What VHDX costs: our server with a dynamic disk that is all there, against itself with a raw one; with a chain of eight
/// files, each of which has its share, against one file; and with an empty disk, whose blocks get their places as they are first
/// written, against qemu-nbd with such a one. All disks are in one directory.
final class VhdxBench implements AutoCloseable {
    static final List<String> TOOLS = List.of("fio", "qemu-nbd");

    /// Of as many blocks as there are bytes in a mebibyte: of all requests next to none finds a block that is there.
    static final DiskLoad FIRST_WRITE = new DiskLoad("first-write-4k-qd32", "randwrite", 4096, 32, 10, true);

    private static final int EMPTY_MEBIBYTES = 1 << 20;

    private static final String GROUP = "vhdx";
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int DEPTH = 8;

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
        running.put(ours, start(DiskServer.HOLDFAST, ours, disk));
        running.put(theirs, start(DiskServer.HOLDFAST, theirs, other));
        running.values().forEach(RunningServer::awaitReady);
        for (DiskLoad load : loads) {
            results.accept(row(ours + "-" + load.name(), load, theirs, fio.measure(load, running)));
        }
        running.values().forEach(RunningServer::close);
    }

    /// @param costs ours, and those of the peer
    private static DiskRow row(String name, DiskLoad load, String peer, Map<String, DiskRow.Cost> costs) {
        DiskRow.Cost their = Objects.requireNonNull(costs.remove(peer));
        return new DiskRow(name, load.byTime(), GROUP, peer, costs.values().iterator().next(), their);
    }

    private RunningServer start(DiskServer server, String title, Path disk) throws IOException {
        Path own = Files.createDirectories(stage.directory().resolve(title));
        return stage.add(RunningServer.start(server, disk, own, FioRuns.SERVERS));
    }

    void firstWrites(Consumer<DiskRow> results) throws IOException, InterruptedException {
        Map<String, RunningServer> running = new LinkedHashMap<>();
        for (DiskServer server : List.of(DiskServer.HOLDFAST, DiskServer.QEMU_NBD)) {
            Path disk = path("empty-" + server.title() + ".vhdx");
            NewVhdx.create(disk, new NewVhdx.Shape((long) EMPTY_MEBIBYTES * CHUNK_BYTES, CHUNK_BYTES, 512, false));
            running.put(server.title(), start(server, server.title(), disk));
        }
        running.values().forEach(RunningServer::awaitReady);
        var fioOnEmpty = new FioRuns(fio.repetitions(), fio.requests(), EMPTY_MEBIBYTES);
        Map<String, DiskRow.Cost> costs = fioOnEmpty.measure(FIRST_WRITE, running);
        results.accept(row(FIRST_WRITE.name(), FIRST_WRITE, DiskServer.QEMU_NBD.title(), costs));
        running.values().forEach(RunningServer::close);
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
