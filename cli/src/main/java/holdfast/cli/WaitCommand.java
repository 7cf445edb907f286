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
        description = "Waits until a machine takes commands, or for something else; exit code 124 when that takes too long.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class WaitCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Option(names = "--for", paramLabel = "stopped|" + Awaited.FORM, converter = Awaited.Converter.class, description = {
        "stopped: it runs no more; ready: it takes commands; ssh, port:N: something listens there, by TCP; console:/RE/: it has shown that;",
        "cloud-init: all that its user data asks for has been done.",
        "Default: ready"
    })
    Awaited what = new Awaited.Ready();

    @Option(names = "--timeout", paramLabel = "SECONDS", defaultValue = "60", description = "default: ${DEFAULT-VALUE}")
    int timeout;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            what.await(daemon, name, timeout);
        }
        return ExitCode.OK;
    }
}
