package holdfast.cli;

import holdfast.host.HostClient;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast rm`.
@Command(
        name = "rm",
        description = "Removes machines with all that they have kept. Disks that you brought stay.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class RemoveCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(arity = "1..*", paramLabel = "NAME", description = "the machines' names")
    List<String> names = new ArrayList<>();

    @Option(names = "--force", description = "cut the power of those that run")
    boolean force;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            for (String name : names) {
                daemon.remove(name, force);
            }
        }
        return ExitCode.OK;
    }
}
