package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `holdfast bench provision`.
@Command(
        name = "provision",
        description = {
            "Compares provisioned disks with QEMU's copy-on-read.",
            "",
            "An image is some milliseconds away (nbdkit's delay filter). A new disk over it is served at a unix socket, and fio reads blocks of 4 KiB at "
                    + "random, no two of them the same: cold, and the same ones once more. Shown are microseconds a request, and what the disk takes on "
                    + "the host for each byte that was read.",
        },
        exitCodeList = {
            "0:everything was measured",
            "1:a server or fio failed, or something that is needed is missing"
        })
final class ProvisionCommand extends Comparison {
    static final CostReport REPORT = new CostReport("provision", "Holdfast", "qemu");

    private static final int IMAGE_MEBIBYTES = 512;

    @Option(names = "--directory", paramLabel = "DIR", description = "where image and disks are made; default: the directory for temporary files")
    Path directory = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));

    @Option(names = "--repetitions", paramLabel = "N", description = "how many runs are measured; default: 3")
    int repetitions = 3;

    @Option(names = "--requests", paramLabel = "N", description = "how many requests a run has; default: 1500")
    int requests = 1500;

    @Option(names = "--delay", paramLabel = "MS", description = "how far away the image is, in milliseconds; default: 5")
    int delayMillis = 5;

    @Override
    public Integer call() throws Exception {
        checkNames(ProvisionBench.DEPTHS.stream().flatMap(depth -> names(depth)).toList());
        if (repetitions < 1 || requests < 1 || requests > IMAGE_MEBIBYTES << 8 || delayMillis < 0) {
            throw usage("--repetitions and --requests are at least 1, --delay is no less than 0, and there are " + (IMAGE_MEBIBYTES << 8) + " blocks");
        }
        if (!Files.isDirectory(directory)) {
            throw new OperatorError("--directory " + directory, "is no directory", "make it first");
        }
        require(ProvisionBench.TOOLS);
        PrintWriter out = out();
        var rows = new ArrayList<CostRow>();
        List<Integer> depths = ProvisionBench.DEPTHS.stream().filter(depth -> names(depth).anyMatch(this::wants)).toList();
        new ProvisionBench(repetitions, requests, delayMillis, IMAGE_MEBIBYTES, directory).run(depths, row -> {
            if (wants(row.name())) {
                rows.add(row);
                if (!json) {
                    REPORT.show(row, out);
                }
            }
        });
        if (json) {
            out.println(REPORT.json(rows));
        }
        out.flush();
        return 0;
    }

    private static Stream<String> names(int depth) {
        return Stream.of(ProvisionBench.cold(depth), ProvisionBench.warm(depth), ProvisionBench.held(depth));
    }
}
