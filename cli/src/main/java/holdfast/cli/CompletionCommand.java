package holdfast.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Writes the script that makes a shell complete `holdfast`'s commands and options.
@Command(
        name = "completion",
        description = {
            "Prints a script that teaches bash or zsh to complete commands and options.",
            "",
            "In ~/.bashrc or ~/.zshrc:  source <(holdfast completion)",
        })
final class CompletionCommand implements Callable<Integer> {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this help message and exit")
    boolean help;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandLine root = java.util.Objects.requireNonNull(spec).root().commandLine();
        root.getOut().print(AutoComplete.bash("holdfast", root));
        root.getOut().flush();
        return ExitCode.OK;
    }
}
