package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast wait`.
@Command(
        name = "wait",
        description = "Waits until a machine takes commands, or has stopped; exit code 124 when that takes too long.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class WaitCommand implements Callable<Integer> {
    /// What can be waited for.
    enum What {
        ready,
        stopped
    }

    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Option(names = "--for", paramLabel = "ready|stopped", description = "default: ready")
    What what = What.ready;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "default: 60")
    int timeout;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.await(name, what.name(), timeout);
        }
        return ExitCode.OK;
    }
}
