package holdfast.host;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Starts this very program again, with other words behind it, as a process that goes on by itself: it has a session of its own, so
/// that no terminal's signals reach it, and holds the build it runs from, which would else be removed when it is old.
final class Programs {
    private static final String MAIN = "holdfast.cli.Main";

    /// $0 is the directory of the build.
    private static final String HOLDING_ITS_BUILD = "[ ! -d \"$0\" ] || exec 9<\"$0\" && flock --shared 9; exec \"$@\"";

    private Programs() {}

    /// @param log receives what it has to say beside that
    /// @return the process, whose standard output is a pipe
    static Process start(Path directory, Path log, String... words) throws IOException {
        var command = new ArrayList<String>(List.of("setsid", "sh", "-c", HOLDING_ITS_BUILD, build()));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        command.addAll(List.of(words));
        return new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /// Where the jars are, if it is jars; else something that is no directory.
    private static String build() {
        String first = System.getProperty("java.class.path").split(":", 2)[0];
        Path directory = Path.of(first).toAbsolutePath().getParent();
        return first.endsWith(".jar") && directory != null && directory.getParent() != null ? directory.getParent().toString() : "/dev/null";
    }
}
