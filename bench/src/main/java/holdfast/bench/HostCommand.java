package holdfast.bench;

import holdfast.image.Image;
import holdfast.image.ImageBuilder;
import holdfast.image.ImageStore;
import holdfast.image.Places;
import holdfast.image.Progress;
import holdfast.image.Recipe;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `holdfast bench host`.
@Command(
        name = "host",
        description = {
            "Compares a machine of the daemon's with one of QEMU's that has a user network, both of the image tiny.",
            "",
            "TCP to the guest and from it through a forwarded port, milliseconds a MiB; microseconds that half of many HTTP requests take at most, "
                    + "each over a connection of its own; and milliseconds that 'holdfast list' takes, against the 250 that it may.",
        },
        exitCodeList = {
            "0:everything was measured",
            "1:a virtual machine failed, or something that is needed is missing"
        })
final class HostCommand extends Comparison {
    static final CostReport REPORT = new CostReport("host", "Holdfast", "qemu");

    @Option(names = "--repetitions", paramLabel = "N", description = "how many measurements count; default: 5")
    int repetitions = 5;

    @Option(names = "--mebibytes", paramLabel = "N", description = "how much is sent each way in one; default: 100")
    int mebibytes = 100;

    @Option(names = "--requests", paramLabel = "N", description = "how many HTTP requests one has; default: 500")
    int requests = 500;

    @Override
    public Integer call() throws Exception {
        checkNames(HostBench.NAMES);
        if (repetitions < 1 || mebibytes < 1 || requests < 1) {
            throw usage("--repetitions, --mebibytes and --requests are at least 1");
        }
        require(HostBench.TOOLS);
        PrintWriter out = out();
        var rows = new ArrayList<CostRow>();
        Set<String> wanted = HostBench.NAMES.stream().filter(this::wants).collect(Collectors.toSet());
        Places places = Places.of(System.getenv());
        var store = ImageStore.open(places.home(), Clock.systemUTC());
        Image image = new ImageBuilder(store, places.cache()).obtain(Recipe.named(Recipe.Tiny.NAME).orElseThrow(), Progress.NONE);
        new HostBench(image, places.home().resolve("images"), repetitions, mebibytes, requests).run(wanted, row -> {
            rows.add(row);
            if (!json) {
                REPORT.show(row, out);
            }
        });
        if (json) {
            out.println(REPORT.json(rows));
        }
        out.flush();
        return 0;
    }
}
