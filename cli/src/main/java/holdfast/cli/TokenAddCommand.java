package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast token add`.
@Command(
        name = "add",
        description = "Makes a token and prints it. It is not to be had again: the daemon keeps no more than what it takes to know it.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class TokenAddCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "what to call it: the audit log says it of what is done with it")
    String name = "";

    @Option(names = "--role", required = true, paramLabel = "viewer|operator|admin", description = {
        "viewer: looks; operator: also makes machines from images, acts on machines and runs commands in them; admin: everything, also with files of the host"})
    String role = "";

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            host.say(daemon.addToken(name, role).token());
        }
        return ExitCode.OK;
    }
}
