package holdfast.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `holdfast doctor` in help, manual and completion. The work is done by the script `./holdfast`: it must run where there is no JDK.
@Command(name = "doctor", description = "Says what Holdfast misses on this machine, and how to get it.")
final class DoctorCommand implements Callable<Integer> {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "show this help message and exit")
    boolean help;

    @Override
    public Integer call() {
        throw new UsageError("the machine is examined by the script ./holdfast of a source tree: ./holdfast doctor");
    }
}
