package holdfast.bench;

import holdfast.cli.AddedCommand;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `holdfast bench`: comparisons with other programs. `cli` finds it as a service.
@Command(
        name = "bench",
        description = "Compares Holdfast with other programs, on this machine.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {EngineCommand.class, DiskCommand.class, ProvisionCommand.class, JournalCommand.class, HostCommand.class})
public final class BenchCommand implements AddedCommand {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this help message and exit")
    boolean help;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandSpec known = Objects.requireNonNull(spec);
        throw new ParameterException(known.commandLine(), "a command is missing: " + String.join(", ", known.subcommands().keySet()));
    }
}
