package holdfast.cli;

import holdfast.host.Daemon;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `holdfast host start`.
@Command(
        name = "start",
        description = {
            "Runs the daemon in the foreground, until 'holdfast host stop' or a signal ends it. Machines go on without it,",
            "and the next daemon takes them over. Says 'ready' when it listens.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class HostStartCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Override
    public Integer call() throws InterruptedException, IOException {
        Daemon.run(host.home(), new Version().getVersion()[0], System.out);
        return ExitCode.OK;
    }
}
