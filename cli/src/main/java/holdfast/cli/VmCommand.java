package holdfast.cli;

import holdfast.host.VmProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `holdfast vm`: the process of one machine, as the daemon starts it.
@Command(
        name = "vm",
        description = "Runs a machine of the daemon's, which alone knows how to say which.",
        hidden = true,
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class VmCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "DIRECTORY", description = "the machine's")
    Path directory = Path.of("");

    @Parameters(index = "1", paramLabel = "TOKEN", description = "of the order that is to be carried out")
    String token = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
        return VmProcess.run(directory, token, System.out);
    }
}
