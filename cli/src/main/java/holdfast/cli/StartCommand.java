package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast start`.
@Command(
        name = "start",
        description = "Starts a machine, or lets one that was saved go on; returns when it takes commands.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class StartCommand implements Callable<Integer> {
    private static final int SECONDS_DEFAULT = 900;

    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Option(names = "--no-wait", description = "return when it has been started, not when it takes commands")
    boolean noWait;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "how long it may take until it takes commands; default: " + SECONDS_DEFAULT)
    @Nullable Integer timeout;

    @Override
    public Integer call() throws InterruptedException {
        if (noWait && timeout != null) {
            throw new UsageError("--timeout and --no-wait exclude each other: nothing is waited for");
        }
        try (HostClient daemon = host.daemon()) {
            daemon.act(name, "start");
            if (!noWait) {
                daemon.await(name, "ready", timeout == null ? SECONDS_DEFAULT : timeout);
            }
        }
        return ExitCode.OK;
    }
}
