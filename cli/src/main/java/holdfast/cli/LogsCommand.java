package holdfast.cli;

import holdfast.host.HostClient;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `holdfast logs`.
@Command(
        name = "logs",
        description = "Shows the end of what a machine's console has shown, also when it does not run.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class LogsCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            PrintWriter out = host.out();
            out.print(daemon.log(name));
            out.flush();
        }
        return ExitCode.OK;
    }
}
