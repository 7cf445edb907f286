package holdfast.house;

import holdfast.testkit.Program;
import holdfast.testkit.Tree;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A small tree with the real `./holdfast` and `tools/`, around which everything is fake: sources, JDK, Maven, PATH.
///
/// The fake JDK's `java` prints its own name and its arguments, a line each; the report of tests it makes as compiled,
/// which is quicker than from source. The fake `mvn` writes a line into `calls` and leaves the jars that the real build
/// leaves. On PATH is nothing but what [#COMMANDS] names.
final class Sandbox {

    /// What the scripts may use; on any Debian without being asked for.
    private static final List<String> COMMANDS = List.of(
            "awk", "cat", "cp", "cut", "date", "df", "dirname", "find", "flock", "grep", "id", "ls", "mkdir", "mktemp", "mv",
            "paste", "printf", "readlink", "rm", "sed", "sh", "sha256sum", "sort", "tail", "tee", "timeout", "tr", "uname",
            "xargs");

    private static final Path CLASSES = Tree.root().resolve("house/target/classes");
    private static final Duration LIMIT = Duration.ofSeconds(60);

    record Outcome(int exitCode, String out, String err) {

        List<String> errLines() {
            return err.lines().toList();
        }
    }

    final Path root;
    final Path bin;
    final Path home;
    private final Map<String, String> environment = new HashMap<>();

    Sandbox(Path directory) throws IOException {
        root = Files.createDirectories(directory.resolve("tree"));
        bin = Files.createDirectories(directory.resolve("bin"));
        home = Files.createDirectories(directory.resolve("home"));
        Path real = Tree.root();
        copy(real.resolve("holdfast"), root.resolve("holdfast"));
        try (var tools = Files.newDirectoryStream(real.resolve("tools"), Files::isRegularFile)) {
            for (Path tool : tools) {
                copy(tool, root.resolve("tools").resolve(tool.getFileName()));
            }
        }
            write("pom.xml", "<project/>");
        write(".mvn/jvm.config", "");
        write("riscv/pom.xml", "<project/>");
        write("riscv/src/main/java/A.java", "class A {}");
        for (String command : COMMANDS) {
            let(command);
        }
        environment.put("PATH", bin.toString());
        environment.put("HOME", home.toString());
        maven("");
        environment.put("HOLDFAST_JDKS", jdk("jdk", "25.0.3", "").toString());
    }

    Sandbox with(String name, String value) {
        environment.put(name, value);
        return this;
    }

    void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    /// A fake JDK; `then` is what its java does in the end.
    Path jdk(String name, String version, String then) throws IOException {
        Path jdk = home.resolve(name);
        Files.createDirectories(jdk.resolve("bin"));
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        script(jdk.resolve("bin/javac"), "exit 1");
        script(jdk.resolve("bin/java"), """
                case "$*" in
                    *Report.java*)
                        while [ "${1%%/Report.java}" = "$1" ]; do shift; done
                        shift
                        exec %s -XX:TieredStopAtLevel=1 -cp %s holdfast.house.Report "$@"
                        ;;
                    *-XX:AOTCacheOutput=* | *RenewClasses.java*) exit 0 ;;
                esac
                echo "%s"
                printf '%%s\\n' "$@"
                %s
                """.formatted(Path.of(System.getProperty("java.home"), "bin/java"), CLASSES, name, then));
        return jdk;
    }

    /// A fake Maven; `then` is what it does in the end, in the root of the tree.
    void maven(String then) throws IOException {
        script(bin.resolve("mvn"), """
                echo "$JAVA_HOME $*" >>calls
                mkdir -p bench/target/lib
                echo "$(cat riscv/src/main/java/A.java)" >bench/target/lib/riscv.jar
                echo >bench/target/bench-1.jar
                %s
                """.formatted(then));
    }

    /// A command on PATH.
    void command(String name, String text) throws IOException {
        Files.deleteIfExists(bin.resolve(name));
        script(bin.resolve(name), text);
    }

    List<String> mavenCalls() throws IOException {
        Path calls = root.resolve("calls");
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    List<Path> builds() throws IOException {
        Path dist = root.resolve("target/dist");
        if (!Files.isDirectory(dist)) {
            return List.of();
        }
        try (var builds = Files.list(dist)) {
            return builds.sorted().toList();
        }
    }

    Process start(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(root.resolve("holdfast").toString()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command)
                .directory(home.toFile())
                .redirectError(Files.createTempFile(home, "err", "").toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = Program.start(builder, LIMIT);
        errors.put(process, builder.redirectError().file());
        return process;
    }

    private final Map<Process, File> errors = new HashMap<>();

    Outcome end(Process process) throws IOException, InterruptedException {
        Program ended = Program.end(process, LIMIT);
        File err = errors.get(process);
        return new Outcome(ended.exitCode(), ended.output(), err == null ? "" : Files.readString(err.toPath()));
    }

    Outcome run(String... arguments) throws IOException, InterruptedException {
        Process process = start(arguments);
        process.getOutputStream().close();
        return end(process);
    }

    private void let(String command) throws IOException {
        for (String directory : List.of("/usr/bin", "/bin")) {
            Path program = Path.of(directory, command);
            if (Files.isExecutable(program)) {
                script(bin.resolve(command), "exec " + program + " \"$@\"\n");
                return;
            }
        }
        throw new AssertionError("this machine has no " + command);
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.copy(from, to);
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
