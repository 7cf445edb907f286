package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.host.Daemon;
import holdfast.host.HostHome;
import holdfast.image.Temporary;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast rehearse`: what the build has the JVM's AOT caches learn from. All commands explain themselves, disks are served, and a daemon of no
/// machines is asked for them, by a process that makes a cache of its own.
@Command(
        name = "rehearse",
        description = "Writes the manual pages, and does what is to be quick once it has been rehearsed: the build calls it.",
        hidden = true,
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class RehearseCommand implements Callable<Integer> {
    private static final String OUTPUT = "-XX:AOTCacheOutput=";

    @Parameters(paramLabel = "DIR", description = "receives the manual pages")
    Path directory = Path.of("");

    @Option(names = "--ask-cache", paramLabel = "FILE", description = "receives the AOT cache of what only asks the daemon")
    @Nullable Path askCache;

    @Override
    public Integer call() throws IOException, InterruptedException {
        int written = Main.commandLine().execute("help", "--man-pages", directory.toString());
        Path home = Files.createTempDirectory("holdfast-rehearsal");
        try {
            DiskRehearsal.run(home);
            rehearse(HostHome.of(Map.of("HOLDFAST_HOME", home.toString()), null));
        } finally {
            Temporary.remove(home);
        }
        return written;
    }

    private void rehearse(HostHome home) throws IOException, InterruptedException {
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
            if (askCache != null) {
                succeed("list", asking(askCache, socket));
            }
            String[] stop = {"host", "stop", "--socket", socket};
            succeed("host stop", Main.commandLineFor(stop).execute(stop));
        }
        daemon.join();
    }

    private static int asking(Path cache, String socket) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(argument -> !argument.startsWith(OUTPUT)).forEach(command::add);
        command.addAll(List.of(
                OUTPUT + cache, "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), "holdfast.cli.Main", "list", "--socket", socket));
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    /// A daemon that nothing stops would be waited for until somebody stopped the build.
    static void succeed(String what, int exitCode) {
        if (exitCode != 0) {
            throw new OperatorError("holdfast " + what, "failed in the rehearsal", "see what it said");
        }
    }
}
