package holdfast.cli;

import holdfast.host.NetProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `holdfast net`: the process of one network, as the daemon starts it.
@Command(
        name = "net",
        description = "Runs a network of the daemon's, which alone knows how to say which.",
        hidden = true,
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class NetCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "DIRECTORY", description = "the network's")
    Path directory = Path.of("");

    @Parameters(index = "1", paramLabel = "TOKEN", description = "of the order that is to be carried out")
    String token = "";

    @Override
    public Integer call() throws IOException, InterruptedException {
        return NetProcess.run(directory, token, System.out);
    }
}
