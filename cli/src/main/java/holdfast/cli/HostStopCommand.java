package holdfast.cli;

import holdfast.host.HostClient;
import holdfast.host.HostView;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `holdfast host stop`.
@Command(
        name = "stop",
        description = "Ends the daemon. Machines go on.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class HostStopCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Override
    public Integer call() throws InterruptedException {
        try (var daemon = host.existing()) {
            HostView last = daemon.stop();
            host.say("the daemon (process " + last.pid() + ") has ended; " + last.running() + " of " + last.machines() + " machines run on");
        }
        return ExitCode.OK;
    }
}
