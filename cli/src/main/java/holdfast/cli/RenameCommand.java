package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `holdfast rename`.
@Command(
        name = "rename",
        description = "Gives a machine another name, also while it runs.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class RenameCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(index = "0", paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Parameters(index = "1", paramLabel = "NEW", description = "its new name")
    String newName = "";

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.rename(name, newName);
        }
        return ExitCode.OK;
    }
}
