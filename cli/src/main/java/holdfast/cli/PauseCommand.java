package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `holdfast pause`.
@Command(
        name = "pause",
        description = "Stops a machine between two instructions; nothing of it goes on, until it is resumed.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class PauseCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.act(name, "pause");
        }
        return ExitCode.OK;
    }
}
