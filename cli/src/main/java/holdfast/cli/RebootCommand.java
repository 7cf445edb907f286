package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast reboot`.
@Command(
        name = "reboot",
        description = "Asks a machine's guest to start again.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class RebootCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Option(names = "--force", description = "reset it, whatever the guest is at")
    boolean force;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.reboot(name, force);
        }
        return ExitCode.OK;
    }
}
