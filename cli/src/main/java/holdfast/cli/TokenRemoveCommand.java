package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `holdfast token rm`.
@Command(
        name = "rm",
        description = "Takes a token back. What it began goes on; nothing more is done for it.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class TokenRemoveCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the token's name")
    String name = "";

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.removeToken(name);
        }
        return ExitCode.OK;
    }
}
