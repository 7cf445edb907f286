package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `holdfast bench disk`.
@Command(
        name = "disk",
        description = {
            "Compares Holdfast's NBD server with qemu-nbd and nbdkit.",
            "",
            "Each serves a raw disk at a unix socket, fio asks, and what a request costs is shown: CPU time of the server, and "
                    + "wall time. The servers share one core, and take turns.",
            "",
            "Groups: tmpfs, with the disks in memory; file, with the disks in a directory.",
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:everything was measured",
            "1:a server or fio failed, or something that is needed is missing"
        })
final class DiskCommand implements Callable<Integer> {
    private static final Path TMPFS = Path.of("/dev/shm");
    private static final int DISK_MEBIBYTES = 256;

    /// Where the disks are.
    enum Place {
        tmpfs,
        file
    }

    @Option(names = "--json", description = "print {\"rows\":[...],\"geomean\":...}")
    boolean json;

    @Option(names = "--only", paramLabel = "NAME", split = ",", description = "only these, with commas between them")
    List<String> only = List.of();

    @Option(names = "--group", paramLabel = "tmpfs|file", description = "only this group")
    @Nullable Place group;

    @Option(names = "--directory", paramLabel = "DIR", description = "where the disks of the group file are made; default: the directory for temporary files")
    Path directory = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));

    @Option(names = "--repetitions", paramLabel = "N", description = "how many runs are measured; default: 5")
    int repetitions = 5;

    @Option(names = "--requests", paramLabel = "N", description = "how many requests a run has; default: 100000")
    int requests = 100_000;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this help message and exit")
    boolean help;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        List<DiskLoad> loads = loads();
        if (repetitions < 1 || requests < 1) {
            throw usage("--repetitions and --requests are at least 1");
        }
        if (!Files.isDirectory(directory)) {
            throw new OperatorError("--directory " + directory, "is no directory", "make it first");
        }
        String path = System.getenv("PATH");
        Tool.require(DiskBench.TOOLS, path == null ? "" : path);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        var rows = new ArrayList<DiskRow>();
        if (!json) {
            DiskReport.head(out);
        }
        try (var bench = new DiskBench(repetitions, requests, DISK_MEBIBYTES)) {
            for (Place place : Place.values()) {
                if (group == null || group == place) {
                    bench.run(place.name(), place == Place.tmpfs ? TMPFS : directory, loads, row -> {
                        rows.add(row);
                        if (!json) {
                            DiskReport.row(row, out);
                        }
                    });
                }
            }
        }
        if (json) {
            out.println(DiskReport.json(rows));
            out.flush();
        }
        return 0;
    }

    private List<DiskLoad> loads() {
        for (String name : only) {
            if (DiskLoad.ALL.stream().noneMatch(load -> load.name().equals(name))) {
                throw usage("--only: there is no '" + name + "'; there are "
                        + DiskLoad.ALL.stream().map(DiskLoad::name).collect(Collectors.joining(", ")));
            }
        }
        return DiskLoad.ALL.stream().filter(load -> only.isEmpty() || only.contains(load.name())).toList();
    }

    private ParameterException usage(String problem) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), problem);
    }
}
