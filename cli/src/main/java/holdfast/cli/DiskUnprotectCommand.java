package holdfast.cli;

import holdfast.disk.Protection;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk unprotect`.
@Command(
        name = "unprotect",
        description = {
            "Keeps no journal of a disk any more. The disk goes on as the differencing disk that it is; its past cannot be seen any more.",
            "",
            "The files of the journal stay, and may be removed.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskUnprotectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "protected disk that nobody has open")
    Path disk = Path.of("");

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Path journal = Protection.end(disk);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(disk + ": not protected any more; nothing needs " + journal + " now");
        out.flush();
        return ExitCode.OK;
    }
}
