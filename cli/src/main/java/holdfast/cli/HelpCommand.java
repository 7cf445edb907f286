package holdfast.cli;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Explains a command, on the terminal or as a manual page.
@Command(
        name = "help",
        description = {"Explains a command.", "", "To read the manual page:  holdfast help --man run | man -l -"})
final class HelpCommand implements Callable<Integer> {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this help message and exit")
    boolean help;

    @Option(names = "--man", description = "print the manual page's source (roff)")
    boolean man;

    @Option(names = "--man-pages", paramLabel = "DIR", description = "write the manual pages of all commands into this directory, such as /usr/local/share/man/man1")
    @Nullable Path manPages;

    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "such as: run, or: image build")
    List<String> path = List.of();

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (manPages != null) {
            writeManual(Objects.requireNonNull(spec).root(), manPages);
            return ExitCode.OK;
        }
        CommandLine command = Objects.requireNonNull(spec).root().commandLine();
        for (String name : path) {
            @Nullable CommandLine below = command.getSubcommands().get(name);
            if (below == null) {
                throw new UsageError("there is no command '" + command.getCommandSpec().qualifiedName() + " " + name + "'");
            }
            command = below;
        }
        CommandLine root = spec.root().commandLine();
        if (man) {
            root.getOut().print(ManualPage.of(command.getCommandSpec()));
        } else {
            command.usage(root.getOut());
        }
        root.getOut().flush();
        return ExitCode.OK;
    }

    private static void writeManual(CommandSpec command, Path directory) {
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve(ManualPage.name(command) + ".1"), ManualPage.of(command));
        } catch (IOException e) {
            throw new OperatorError(directory.toString(), "cannot be written: " + e.getMessage(), "name another directory");
        }
        command.subcommands().values().forEach(below -> writeManual(below.getCommandSpec(), directory));
    }
}
