package holdfast.cli;

import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// A command that has the daemon do one thing to one machine, and nothing to say about it.
@Command(mixinStandardHelpOptions = true, versionProvider = Version.class)
abstract class MachineVerb implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    private final String verb;

    /// @param verb as the API has it
    MachineVerb(String verb) {
        this.verb = verb;
    }

    @Override
    public final Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.act(name, verb);
        }
        return ExitCode.OK;
    }
}
