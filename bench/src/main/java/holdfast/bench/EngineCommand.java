package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `holdfast bench engine`.
@Command(
        name = "engine",
        description = {
            "Compares Holdfast's engine with QEMU's translator.",
            "",
            "Boots one kernel with the same programs in both, lets them run in turns, and prints for each program the wall time of a "
                    + "repetition, its ratio (above 1: Holdfast is faster), the host's CPU time, and how long it took to become steady.",
            "",
            "Groups: steady, one hart on one core; boot, from the start of the process on two cores; smp, two harts on two cores; modes, "
                    + "what dirty tracking (dirty-) and deterministic scheduling (det-) cost: Holdfast with them, and without.",
        },
        exitCodeList = {
            "0:everything was measured",
            "1:a program computed a wrong result, a guest failed, or something that is needed is missing"
        })
final class EngineCommand extends Comparison {
    @Option(names = "--group", paramLabel = "steady|boot|smp|modes", description = "only this group")
    @Nullable Group group;

    @Option(names = "--repetitions", paramLabel = "N", description = "how many are measured once a program is steady; default: 3")
    int repetitions = 3;

    @Override
    public Integer call() throws Exception {
        List<Benchmark> chosen = chosen();
        if (repetitions < 1) {
            throw usage("--repetitions: " + repetitions + " is less than 1");
        }
        require(EngineBench.TOOLS);
        PrintWriter out = out();
        var listener = new Results(out, err(), !json);
        if (!json && chosen.stream().anyMatch(benchmark -> benchmark.mode() == null)) {
            Report.head(out, Contender.HOLDFAST.title(), Contender.QEMU.title());
        }
        try (var bench = new EngineBench(repetitions, listener)) {
            bench.run(chosen);
        }
        if (json) {
            out.println(Report.json(listener.rows));
            out.flush();
        } else {
            Report.foot(listener.rows, out);
        }
        return listener.failures;
    }

    /// Shows results as they come, and keeps them.
    private static final class Results implements EngineBench.Listener {
        private final List<Row> rows = new ArrayList<>();
        private final PrintWriter out;
        private final PrintWriter err;
        private final boolean shown;
        private boolean inModes;
        private int failures;

        Results(PrintWriter out, PrintWriter err, boolean shown) {
            this.out = out;
            this.err = err;
            this.shown = shown;
        }

        @Override
        public void row(Row row) {
            rows.add(row);
            if (shown) {
                if (row.benchmark().group() == Group.MODES && !inModes) {
                    inModes = true;
                    if (rows.size() > 1) {
                        out.println();
                    }
                    Report.head(out, "with", "without");
                }
                Report.row(row, out);
            }
        }

        @Override
        public void building(String image, String what) {
            err.println("holdfast bench engine: building the image " + image + ": " + what);
            err.flush();
        }

        @Override
        public void skipped(Benchmark benchmark, String why) {
            err.println("holdfast bench engine: " + benchmark.name() + ": " + why);
            err.flush();
        }

        @Override
        public void failed(Benchmark benchmark, OperatorError why) {
            failures = 1;
            err.println("holdfast bench engine: " + benchmark.name() + ": " + why.getMessage());
            err.flush();
        }
    }

    private List<Benchmark> chosen() {
        checkNames(Benchmark.ENGINE.stream().map(Benchmark::name).toList());
        List<Benchmark> chosen = Benchmark.ENGINE.stream()
                .filter(each -> wants(each.name()))
                .filter(each -> group == null || each.group() == group)
                .toList();
        if (chosen.isEmpty()) {
            throw usage("--group: none of --only is in it");
        }
        return chosen;
    }
}
