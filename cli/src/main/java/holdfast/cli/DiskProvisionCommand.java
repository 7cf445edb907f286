package holdfast.cli;

import holdfast.disk.Provisioning;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk provision`.
@Command(
        name = "provision",
        description = {
            "Makes a disk that is there at once, and whose content arrives from an image when it is read.",
            "",
            "It is used by its name, by run, nbd serve and the disk commands. Until all has arrived (disk fill), what has is in NEW.incomplete, "
                    + "which is of use with NEW.holdfast alone, and the image must stay where and what it is.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  holdfast disk provision web.raw --from /images/debian.vhdx",
            "  holdfast disk provision web.raw --from nbd://images.example/debian",
            "  holdfast disk provision web.raw --from https://images.example/debian.raw",
        })
final class DiskProvisionCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NEW", description = "the new disk, *.raw or *.img")
    Path disk = Path.of("");

    @Option(names = "--from", required = true, paramLabel = "IMAGE", description = "a disk in a file, raw or VHDX; an NBD export: nbd://HOST:PORT/EXPORT; or a file at a web server: https://HOST/FILE")
    String image = "";

    @Option(names = "--trace", paramLabel = "TRACE", description = "what disk trace has written of a disk from the same image: it arrives at once when NEW is opened")
    @Nullable Path trace;

    @Option(names = "--unchanging", description = "nobody writes to the image: needed of an NBD export that may be written and does not say what it holds")
    boolean unchanging;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (!Provisioning.create(disk, image, trace, unchanging) && !unchanging) {
            PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
            err.println("holdfast disk provision: " + image + " does not say what it holds: that it has changed shows only where it is looked at");
            err.flush();
        }
        return ExitCode.OK;
    }
}
