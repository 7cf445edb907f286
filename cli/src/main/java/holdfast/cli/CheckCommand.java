package holdfast.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast check` in help, manual and completion. The work is done by the script `./holdfast`, since there may be nothing built yet.
@Command(
        name = "check",
        description = {
            "Builds Holdfast from its source tree and runs all tests, or those of some modules.",
            "",
            "Programs that tests compare with are installed if this user may, else the one apt-get command is named; what was left out is said at the end.",
        })
final class CheckCommand implements Callable<Integer> {
    @Option(names = "--long", description = "also the tests that take minutes to hours")
    boolean longer;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this help message and exit")
    boolean help;

    @Parameters(arity = "0..*", paramLabel = "MODULE", description = "riscv, block, machine, ...")
    List<String> modules = List.of();

    @Override
    public Integer call() {
        throw new UsageError("the tests are run by the script ./holdfast of a source tree: ./holdfast check");
    }
}
