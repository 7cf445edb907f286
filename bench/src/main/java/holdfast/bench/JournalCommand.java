package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `holdfast bench journal`.
@Command(
        name = "journal",
        description = {
            "Compares disks that have a journal with one that has none.",
            "",
            "All are VHDX disks full of noise, served at unix sockets, and fio writes blocks of 4 KiB at random, 32 at a time: microseconds a write, and "
                    + "what 99 of 100 took at most; CPU time of the server; what the journal takes for each byte that was written. Rows that begin with first- are of a disk whose journal is written "
                    + "first; what goes into that disk itself when a run has ended is not in them. Of a journal of 1 GiB of such writes over a "
                    + "disk of 1 GiB: seconds to recover its middle as a raw disk, against copying such a disk; the same with nothing of them in memory "
                    + "(recover-stored-s); and until that is served, against serving such a disk. Half of what is written there can be compressed: what the journal takes for each byte when it is, and seconds to "
                    + "recover its middle then.",
        },
        exitCodeList = {
            "0:everything was measured",
            "1:a server or fio failed, or something that is needed is missing"
        })
final class JournalCommand extends Comparison {
    static final CostReport REPORT = new CostReport("journal", "protected", "unprotected");

    private static final int DISK_MEBIBYTES = 256;
    private static final int WINDOW_MEBIBYTES = 1024;

    @Option(names = "--directory", paramLabel = "DIR", description = "where disks and journals are made; default: the directory for temporary files")
    Path directory = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));

    @Option(names = "--repetitions", paramLabel = "N", description = "how many runs are measured; default: 5")
    int repetitions = 5;

    @Option(names = "--requests", paramLabel = "N", description = "how many writes a run has; default: 100000")
    int requests = 100_000;

    @Override
    public Integer call() throws Exception {
        checkNames(JournalBench.NAMES);
        if (repetitions < 1 || requests < 1) {
            throw usage("--repetitions and --requests are at least 1");
        }
        if (!Files.isDirectory(directory)) {
            throw new OperatorError("--directory " + directory, "is no directory", "make it first");
        }
        require(JournalBench.TOOLS);
        PrintWriter out = out();
        var rows = new ArrayList<CostRow>();
        Consumer<CostRow> results = row -> {
            if (wants(row.name())) {
                rows.add(row);
                if (!json) {
                    REPORT.show(row, out);
                }
            }
        };
        var bench = new JournalBench(repetitions, requests, DISK_MEBIBYTES, WINDOW_MEBIBYTES, directory);
        if (JournalBench.WRITES.stream().anyMatch(this::wants)) {
            bench.writes(results);
        }
        Set<String> past = JournalBench.PAST.stream().filter(this::wants).collect(Collectors.toSet());
        if (!past.isEmpty()) {
            bench.past(past, results);
        }
        if (json) {
            out.println(REPORT.json(rows));
        }
        out.flush();
        return 0;
    }
}
