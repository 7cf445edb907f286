package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast stop`.
@Command(
        name = "stop",
        description = "Asks a machine's guest to stop, and returns when it has.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class StopCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Option(names = "--force", description = "cut its power instead")
    boolean force;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "how long the guest may take; default: 60")
    int timeout;

    @Override
    public Integer call() throws InterruptedException {
        if (force && timeout != 0) {
            throw new UsageError("--timeout and --force exclude each other: the guest is not asked");
        }
        try (HostClient daemon = host.daemon()) {
            daemon.stop(name, force, timeout);
        }
        return ExitCode.OK;
    }
}
