package holdfast.bench;

import holdfast.block.OperatorError;
import holdfast.image.Image;
import holdfast.image.ImageStore;
import holdfast.image.Places;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `holdfast bench provision`.
@Command(
        name = "provision",
        description = {
            "Compares provisioned disks with QEMU's copy-on-read.",
            "",
            "An image is some milliseconds away (nbdkit's delay filter). Two new disks over it are served at unix sockets, and fio reads blocks of 4 KiB "
                    + "at random, no two of them the same: of the one by a server that has just begun (fresh), then of the other (cold), and there the same ones once more (warm). Shown are microseconds a request, and what the disk takes on "
                    + "the host for each byte that was read.",
            "",
            "With --boot an image boots from such a disk instead, with a trace of an earlier boot and without. Shown is how long all its reads together "
                    + "have waited for what was not there yet, and how many they were.",
            "",
            "With --hand-over all of a disk has arrived while it is open. Shown is the processor time that a request to it takes, and one to a plain image.",
        },
        exitCodeList = {
            "0:everything was measured",
            "1:a server or fio failed, or something that is needed is missing"
        })
final class ProvisionCommand extends Comparison {
    static final CostReport REPORT = new CostReport("provision", "Holdfast", "qemu");

    private static final CostReport BOOT_REPORT = new CostReport("provision", "with a trace", "without");


    private static final CostReport HAND_OVER_REPORT = new CostReport("provision", "arrived", "plain");

    private static final int IMAGE_MEBIBYTES_MAX = 1 << 20;

    @Option(names = "--directory", paramLabel = "DIR", description = "where disks are made; default: the directory for temporary files")
    Path directory = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));

    @Option(names = "--repetitions", paramLabel = "N", description = "how many runs are measured; default: 3")
    int repetitions = 3;

    @Option(names = "--requests", paramLabel = "N", description = "how many requests a run has; default: 1500")
    int requests = 1500;

    @Option(names = "--delay", paramLabel = "MS", description = "how far away the image is, in milliseconds; default: 5")
    int delayMillis = 5;

    @Option(names = "--image-size", paramLabel = "MIB",
            description = "how large the image is, in MiB; default: 16384. The smaller it is, the more of what is read has come with something else "
                    + "in the larger pieces that QEMU fetches")
    int imageMebibytes = 16384;

    @Option(names = "--boot", paramLabel = "IMAGE", description = "boot this image, which has a disk, such as debian, in place of random reads")
    @Nullable String boot;

    @Option(names = "--hand-over", description = "read and write a disk that has arrived, and a plain image")
    boolean handOver;

    @Override
    public Integer call() throws Exception {
        Stream<String> ofBoots = Stream.of(BootWait.WAIT, BootWait.MISSES);
        checkNames(Stream.of(ProvisionBench.DEPTHS.stream().flatMap(depth -> names(depth)), ofBoots, HandOver.names().stream())
                .flatMap(each -> each).toList());
        if (repetitions < 1 || requests < 1 || imageMebibytes < 1 || imageMebibytes > IMAGE_MEBIBYTES_MAX || requests > imageMebibytes << 8 || delayMillis < 0) {
            throw usage("--repetitions and --requests are at least 1, --delay is no less than 0, --image-size is 1 to " + IMAGE_MEBIBYTES_MAX
                    + ", and each MiB has 256 blocks");
        }
        if (!Files.isDirectory(directory)) {
            throw new OperatorError("--directory " + directory, "is no directory", "make it first");
        }
        if (handOver) {
            return handOver();
        }
        if (boot != null) {
            return boot(boot);
        }
        require(ProvisionBench.TOOLS);
        PrintWriter out = out();
        var rows = new ArrayList<CostRow>();
        List<Integer> depths = ProvisionBench.DEPTHS.stream().filter(depth -> names(depth).anyMatch(this::wants)).toList();
        new ProvisionBench(repetitions, requests, delayMillis, imageMebibytes, directory).run(depths, row -> show(row, REPORT, rows, out));
        return finish(REPORT, rows, out);
    }

    private int handOver() throws Exception {
        require(HandOver.TOOLS);
        PrintWriter out = out();
        var rows = new ArrayList<CostRow>();
        new HandOver(repetitions, requests, directory).run(row -> show(row, HAND_OVER_REPORT, rows, out));
        return finish(HAND_OVER_REPORT, rows, out);
    }

    private int boot(String name) throws Exception {
        require(BootWait.TOOLS);
        ImageStore store = ImageStore.open(Places.of(System.getenv()).home(), Clock.systemUTC());
        Image image = store.find(name).orElseThrow(() -> new OperatorError(name, "there is no such image", "build it: holdfast image build " + name));
        PrintWriter out = out();
        var rows = new ArrayList<CostRow>();
        try (var _ = store.use(image)) {
            new BootWait(image, repetitions, delayMillis, directory).run(row -> show(row, BOOT_REPORT, rows, out));
        }
        return finish(BOOT_REPORT, rows, out);
    }

    private void show(CostRow row, CostReport report, List<CostRow> rows, PrintWriter out) {
        if (wants(row.name())) {
            rows.add(row);
            if (!json) {
                report.show(row, out);
            }
        }
    }

    private int finish(CostReport report, List<CostRow> rows, PrintWriter out) {
        if (json) {
            out.println(report.json(rows));
        }
        out.flush();
        return 0;
    }

    private static Stream<String> names(int depth) {
        return Stream.of(ProvisionBench.fresh(depth), ProvisionBench.cold(depth), ProvisionBench.warm(depth), ProvisionBench.held(depth));
    }
}
