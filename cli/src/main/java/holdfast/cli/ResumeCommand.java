package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `holdfast resume`.
@Command(
        name = "resume",
        description = "Lets a machine that was paused go on.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ResumeCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.act(name, "resume");
        }
        return ExitCode.OK;
    }
}
