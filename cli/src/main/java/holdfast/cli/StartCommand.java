package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
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
    int timeout = SECONDS_DEFAULT;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.act(name, "start");
            if (!noWait) {
                daemon.await(name, "ready", timeout);
            }
        }
        return ExitCode.OK;
    }
}
