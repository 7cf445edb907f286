package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `holdfast bench disk`.
@Command(
        name = "disk",
        description = {
            "Compares Holdfast's NBD server with qemu-nbd and nbdkit, and VHDX with raw disks.",
            "",
            "Each serves a raw disk at a unix socket, fio asks, and what a request costs is shown: CPU time of the server, and "
                    + "wall time. The servers share one core, and take turns.",
            "",
            "Groups: tmpfs, with the disks in memory; file, with the disks in a directory; vhdx, there too: our server with a VHDX "
                    + "disk against itself with a raw one, a chain of eight against one, and first writes to an empty one against qemu-nbd; making "
                    + "disks against qemu-img.",
        },
        exitCodeList = {
            "0:everything was measured",
            "1:a server or fio failed, or something that is needed is missing"
        })
final class DiskCommand extends Comparison {
    private static final Path TMPFS = Path.of("/dev/shm");
    private static final int DISK_MEBIBYTES = 256;

    /// Where the disks are.
    enum Place {
        tmpfs,
        file,
        vhdx
    }

    @Option(names = "--group", paramLabel = "tmpfs|file|vhdx", description = "only this group")
    @Nullable Place group;

    @Option(names = "--directory", paramLabel = "DIR", description = "where the disks of the groups file and vhdx are made; default: the directory for temporary files")
    Path directory = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));

    @Option(names = "--repetitions", paramLabel = "N", description = "how many runs are measured; default: 5")
    int repetitions = 5;

    @Option(names = "--requests", paramLabel = "N", description = "how many requests a run has; default: 100000")
    int requests = 100_000;

    @Override
    public Integer call() throws Exception {
        List<DiskLoad> loads = loads();
        if (repetitions < 1 || requests < 1) {
            throw usage("--repetitions and --requests are at least 1");
        }
        if (!Files.isDirectory(directory)) {
            throw new OperatorError("--directory " + directory, "is no directory", "make it first");
        }
        require(Stream.of(DiskBench.TOOLS, VhdxBench.TOOLS, CreateBench.TOOLS)
                .skip(group == Place.vhdx ? 1 : 0)
                .limit(group == null || group == Place.vhdx ? 3 : 1)
                .flatMap(List::stream)
                .toList());
        PrintWriter out = out();
        var rows = new ArrayList<DiskRow>();
        if (!json) {
            DiskReport.head(out);
        }
        Consumer<DiskRow> results = row -> {
            rows.add(row);
            if (!json) {
                DiskReport.row(row, out);
            }
        };
        for (Place place : Place.values()) {
            if (group == null || group == place) {
                run(place, loads, results);
            }
        }
        if (json) {
            out.println(DiskReport.json(rows));
            out.flush();
        }
        return 0;
    }

    private void run(Place place, List<DiskLoad> loads, Consumer<DiskRow> results) throws IOException, InterruptedException {
        var fio = new FioRuns(repetitions, requests, DISK_MEBIBYTES);
        switch (place) {
            case tmpfs, file -> {
                try (var bench = new DiskBench(fio)) {
                    bench.run(place.name(), place == Place.tmpfs ? TMPFS : directory, loads, results);
                }
            }
            case vhdx -> {
                try (var bench = new VhdxBench(fio, directory)) {
                    bench.run(loads, results);
                    if (wants(VhdxBench.FIRST_WRITE.name())) {
                        bench.firstWrites(results);
                    }
                }
                new CreateBench(repetitions, directory)
                        .run(CreateBench.ALL.stream().filter(each -> wants(each.name())).toList(), results);
            }
        }
    }

    private List<DiskLoad> loads() {
        checkNames(Stream.of(
                        DiskLoad.ALL.stream().map(DiskLoad::name),
                        Stream.of(VhdxBench.FIRST_WRITE.name()),
                        CreateBench.ALL.stream().map(CreateBench.Creation::name))
                .flatMap(names -> names)
                .toList());
        return DiskLoad.ALL.stream().filter(load -> wants(load.name())).toList();
    }
}
