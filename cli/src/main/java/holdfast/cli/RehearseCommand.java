package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.host.Daemon;
import holdfast.host.HostHome;
import holdfast.image.Temporary;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `holdfast rehearse`: what the build has the JVM's AOT cache learn from. All commands explain themselves, and a daemon of no machines is asked for
/// them.
@Command(
        name = "rehearse",
        description = "Writes the manual pages, and does what is to be quick once it has been rehearsed: the build calls it.",
        hidden = true,
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class RehearseCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "receives the manual pages")
    Path directory = Path.of("");

    @Override
    public Integer call() throws IOException, InterruptedException {
        int written = Main.commandLine().execute("help", "--man-pages", directory.toString());
        Path home = Files.createTempDirectory("holdfast-rehearsal");
        try {
            rehearse(HostHome.of(Map.of("HOLDFAST_HOME", home.toString()), null));
        } finally {
            Temporary.remove(home);
        }
        return written;
    }

    private static void rehearse(HostHome home) throws IOException, InterruptedException {
        var said = new PipedInputStream();
        var out = new PrintStream(new PipedOutputStream(said), true, StandardCharsets.UTF_8);
        Thread daemon = Thread.ofPlatform().daemon().start(() -> {
            try (out) {
                Daemon.run(home, null, "rehearsal", out);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        if (said.read() >= 0) {
            String socket = home.socket().toString();
            succeed("list", "--socket", socket);
            succeed("host", "stop", "--socket", socket);
        }
        daemon.join();
    }

    /// A daemon that nothing stops would be waited for until somebody stopped the build.
    private static void succeed(String... command) {
        if (Main.commandLineFor(command).execute(command) != 0) {
            throw new OperatorError("holdfast " + String.join(" ", command), "failed in the rehearsal", "see what it said");
        }
    }
}
