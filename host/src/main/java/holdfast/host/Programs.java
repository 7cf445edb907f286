package holdfast.host;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Starts this very program again, with other words behind it, as a process that goes on by itself: it has a session of its own, so
/// that no terminal's signals reach it, and holds the build it runs from, which would else be removed when it is old.
final class Programs {
    private static final String MAIN = "holdfast.cli.Main";

    /// What waits most of its time holds less: all that the engine's garbage ever needs is a few MiB, of which HotSpot would use 100 before it
    /// looks, and what its compilers have let go of goes back to the host. RssAnon of tiny, 15 s after its boot: 206 MB without, 128 with these.
    private static final List<String> FRUGAL = List.of("-XX:NewSize=16m", "-XX:MaxNewSize=16m", "-XX:TrimNativeHeapInterval=10000");

    /// What the launcher gives to a command that is over soon; a daemon or machine that it begins has what the launcher gives to those.
    private static final String BRIEF = "-XX:TieredStopAtLevel=1";

    private static final Pattern BRIEF_CACHE = Pattern.compile("(-XX:AOTCache=.*/)ask(\\.aot)");

    /// $0 is the directory of the build.
    private static final String HOLDING_ITS_BUILD = "if [ -d \"$0\" ]; then exec 9<\"$0\" && flock --shared 9; fi; exec \"$@\"";

    private Programs() {}

    /// What of the daemon's environment a machine's process is told; not what may be secret.
    private static final Pattern TOLD = Pattern.compile("PATH|HOME|LANG|LC_.*|TZ|LD_LIBRARY_PATH|MALLOC_.*|GLIBC_TUNABLES|XDG_.*_HOME|HOLDFAST_(?!TOKEN).*");

    /// @param log receives what it has to say beside that
    /// @return the process, whose standard output is a pipe
    static Process start(Path directory, Path log, String... words) throws IOException {
        return start(directory, log, Map.of(), words);
    }

    /// @param environment what is said there beside what this process was told
    static Process start(Path directory, Path log, Map<String, String> environment, String... words) throws IOException {
        var command = new ArrayList<>(List.of("setsid"));
        command.addAll(command(Path.of(System.getProperty("java.home"), "bin", "java"), List.of(), words));
        var builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        return builder
                .directory(directory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /// Starts it with fewer rights, and with a directory of its own for what is temporary.
    ///
    /// @param java another name of Java's program: the process's own name, which it cannot choose when it is confined
    static Process start(Path directory, Path log, Path java, Path temporary, Confinement confinement, String... words)
            throws IOException, InterruptedException {
        var environment = new HashMap<>(System.getenv());
        environment.keySet().removeIf(name -> !TOLD.matcher(name).matches());
        var command = command(java, List.of("-Djava.io.tmpdir=" + temporary), words);
        return ConfinedProcess.start(command, environment, directory, log, confinement);
    }

    private static List<String> command(Path java, List<String> options, String... words) {
        var command = new ArrayList<>(List.of("/bin/sh", "-c", HOLDING_ITS_BUILD, build().toString(), java.toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.equals(BRIEF))
                .map(argument -> BRIEF_CACHE.matcher(argument).replaceFirst("$1holdfast$2"))
                .forEach(command::add);
        command.addAll(FRUGAL);
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        command.addAll(List.of(words));
        return command;
    }

    /// Where the jars are, if it is jars; else something that is no directory.
    static Path build() {
        String first = System.getProperty("java.class.path").split(":", 2)[0];
        Path directory = Path.of(first).toAbsolutePath().getParent();
        return first.endsWith(".jar") && directory != null && directory.getParent() != null ? directory.getParent() : Path.of("/dev/null");
    }
}
