package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `holdfast save`.
@Command(
        name = "save",
        description = "Saves a machine's state and ends its process: the next start goes on from there.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class SaveCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.act(name, "save");
        }
        return ExitCode.OK;
    }
}
