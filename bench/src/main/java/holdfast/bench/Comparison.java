package holdfast.bench;

import java.io.PrintWriter;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What every comparison can be asked: for which of its loads, and in which form the result is wanted.
@Command(exitCodeListHeading = "%nExit codes:%n")
abstract class Comparison implements Callable<Integer> {
    @Option(names = "--json", description = "print {\"rows\":[...],\"geomean\":...}")
    boolean json;

    @Option(names = "--only", paramLabel = "NAME", split = ",", description = "only these, with commas between them")
    List<String> only = List.of();

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this help message and exit")
    boolean help;

    @Spec
    @Nullable CommandSpec spec;

    final PrintWriter out() {
        return Objects.requireNonNull(spec).commandLine().getOut();
    }

    final PrintWriter err() {
        return Objects.requireNonNull(spec).commandLine().getErr();
    }

    /// Whether `--only` lets this one be measured.
    final boolean wants(String name) {
        return only.isEmpty() || only.contains(name);
    }

    /// @param names of all that could be measured
    /// @throws ParameterException when `--only` names another
    final void checkNames(List<String> names) {
        for (String name : only) {
            if (!names.contains(name)) {
                throw usage("--only: there is no '" + name + "'; there are " + String.join(", ", names));
            }
        }
    }

    final ParameterException usage(String problem) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), problem);
    }

    /// @throws holdfast.block.OperatorError naming what is missing on this machine
    static void require(List<String> tools) {
        String path = System.getenv("PATH");
        Tool.require(tools, path == null ? "" : path);
    }
}
