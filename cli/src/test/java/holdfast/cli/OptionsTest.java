package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/// Each option of a command that asks a daemon changes what is asked or what is shown, alone and beside each other option of that command; or it is
/// refused in a sentence that names it. None is dropped.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OptionsTest {
    /// The words that a command needs, by its name. `DIR` is a directory that is there, with a spec in `spec.yaml`.
    private static final Map<String, String> WORDS = Map.ofEntries(
            Map.entry("launch", ""), Map.entry(Negligent.NAME, ""), Map.entry("list", ""), Map.entry("top", ""), Map.entry("info", "one"), Map.entry("start", "one"), Map.entry("stop", "one"),
            Map.entry("pause", "one"), Map.entry("resume", "one"), Map.entry("reboot", "one"), Map.entry("save", "one"), Map.entry("resize", "one"),
            Map.entry("rename", "one two"), Map.entry("edit", "one --set append=quiet"), Map.entry("rm", "one"), Map.entry("console", "one"),
            Map.entry("exec", "one true"), Map.entry("cp", "DIR one:/tmp"), Map.entry("ssh", "one"), Map.entry("logs", "one"), Map.entry("wait", "one"),
            Map.entry("events", ""), Map.entry("port add", "one 8081:81"), Map.entry("port rm", "one 8080"), Map.entry("port ls", "one"),
            Map.entry("network create", "lab"), Map.entry("network ls", ""), Map.entry("network rm", "lab"), Map.entry("token add", "ci --role=viewer"),
            Map.entry("token ls", ""), Map.entry("token rm", "ci"), Map.entry("host start", ""), Map.entry("host status", ""), Map.entry("host stop", ""));

    /// A value for each option that takes one: for all commands that have it, or behind a command's name for that one.
    private static final Map<String, String> VALUES = Map.ofEntries(
            Map.entry("--name", "web"), Map.entry("--cpus", "2"), Map.entry("--memory", "512M"), Map.entry("--disk", "DIR/a.raw,ro"), Map.entry("--network", "lab"),
            Map.entry("--publish", "8082:82"), Map.entry("--mount", "DIR:/srv"), Map.entry("--append", "quiet"), Map.entry("--restart", "always"),
            Map.entry("--wait", "ssh"), Map.entry("--timeout", "5"), Map.entry("--spec", "DIR/spec.yaml"), Map.entry("--set", "restart=on-failure"),
            Map.entry("--output", "json"), Map.entry("resize --disk", "vda=1G"), Map.entry("--for", "stopped"), Map.entry("--file", "DIR/spec.yaml"),
            Map.entry("--subnet", "10.1.2.0"), Map.entry("--host", "https://127.0.0.1:1"), Map.entry("--fingerprint", "ab"), Map.entry("--tls", "DIR"),
            Map.entry("launch IMAGE", "debian"), Map.entry("--user-data", "DIR/spec.yaml"), Map.entry("--meta-data", "DIR/spec.yaml"));

    /// What is always refused beside `--socket`, which the test needs.
    private static final Set<String> REFUSED = Set.of("--host", "--fingerprint", "--tls");

    /// What cannot be seen so, and where it is seen instead.
    private static final Map<String, String> ELSEWHERE = Map.of(
            "top --interval", "a time, of which no request tells: TopCommand waits for it",
            "ssh --user", "said to ssh, when the machine has taken a key: HostNetworkGuestTest",
            "token add --role", "cannot be left out, so that it is in each request: the words of the command",
            "host start --listen", "a daemon in the foreground: RemoteApiTest", "host start --certificate", "the same");

    /// With a command of which the test is to find something.
    private final CommandLine program = Main.commandLine().addSubcommand(new Negligent());

    private @Nullable Path home;
    private @Nullable FakeDaemon running;

    @BeforeAll
    void begin(@TempDir Path directory) throws Exception {
        home = directory;
        running = new FakeDaemon(directory.resolve("s"));
        Files.writeString(directory.resolve("spec.yaml"), "append: of the file\nmemoryBytes: 64MiB\n");
    }

    @AfterAll
    void end() {
        daemon().close();
    }

    private FakeDaemon daemon() {
        return Objects.requireNonNull(running);
    }

    /// What a command asks and says.
    private record Seen(int exitCode, String out, String err, List<String> asked) {
        boolean refuses(String option) {
            return exitCode != ExitCode.OK && asked.isEmpty() && err.contains(option);
        }
    }

    private Seen see(String command, String... more) {
        var words = new ArrayList<>(List.of(command.split(" ")));
        words.addAll(Stream.of(WORDS.getOrDefault(command, "").split(" ")).filter(word -> !word.isEmpty()).toList());
        words.addAll(List.of("--socket", daemon().socket().toString()));
        words.addAll(List.of(more));
        var out = new StringWriter();
        var err = new StringWriter();
        program.setOut(new PrintWriter(out));
        program.setErr(new PrintWriter(err));
        int exitCode = program.execute(words.stream().map(word -> word.replace("DIR", String.valueOf(home))).toArray(String[]::new));
        return new Seen(exitCode, out.toString(), err.toString(), daemon().asked().stream().map(OptionsTest::alike).toList());
    }

    /// What is random in a command for a guest, or a time, is no difference.
    private static String alike(String asked) {
        return asked.replaceAll("holdfast-[0-9a-f-]{36}", "holdfast-X");
    }

    private static Map<String, CommandSpec> commands() {
        var found = new TreeMap<String, CommandSpec>();
        collect(Main.commandLine(), "", found);
        return found;
    }

    private static void collect(CommandLine command, String path, Map<String, CommandSpec> found) {
        if (command.getCommandSpec().mixins().values().stream().anyMatch(mixin -> mixin.userObject() instanceof HostOptions)) {
            found.put(path.strip(), command.getCommandSpec());
        }
        command.getSubcommands().forEach((name, below) -> collect(below, path + " " + name, found));
    }

    /// An option and its value as words; nothing if there is nothing to be tried.
    private static List<String> words(String command, OptionSpec option) {
        String name = option.longestName();
        if (ELSEWHERE.containsKey(command + " " + name)) {
            return List.of();
        }
        if (option.arity().max() == 0) {
            return List.of(name);
        }
        String value = VALUES.getOrDefault(command + " " + name, VALUES.get(name));
        assertThat(value).as("a value for " + command + " " + name + ", by which this test can see whether it is honoured").isNotNull();
        return List.of(name + "=" + value);
    }

    private static Stream<OptionSpec> options(CommandSpec command) {
        return command.options().stream().filter(option -> !option.usageHelp() && !option.versionHelp() && !option.longestName().equals("--socket"));
    }

    /// The options, and the words that may be left out, of which nothing is to be seen.
    private List<String> dropped(String command, CommandSpec spec) {
        var dropped = new ArrayList<String>();
        Seen plain = see(command);
        for (OptionSpec option : options(spec).toList()) {
            List<String> words = words(command, option);
            if (words.isEmpty()) {
                continue;
            }
            boolean honoured;
            if (REFUSED.contains(option.longestName())) {
                // Where something has to be said, that is asked for first.
                Stream<String> enough = options(spec)
                        .filter(each -> plain.exitCode == ExitCode.USAGE && !REFUSED.contains(each.longestName()))
                        .limit(1)
                        .flatMap(each -> words(command, each).stream());
                honoured = see(command, Stream.concat(enough, words.stream()).toArray(String[]::new)).refuses(option.longestName());
            } else {
                Seen with = see(command, words.toArray(String[]::new));
                honoured = with.exitCode != ExitCode.USAGE && !with.equals(plain);
            }
            if (!honoured) {
                dropped.add(option.longestName());
            }
        }
        spec.positionalParameters().stream().filter(word -> word.arity().min() == 0 && !word.paramLabel().equals("CMD")).forEach(word -> {
            String value = VALUES.get(command + " " + word.paramLabel());
            if (value == null || see(command, value).equals(plain)) {
                dropped.add(word.paramLabel());
            }
        });
        return dropped;
    }

    /// Pairs of options of which one makes that nothing is to be seen of the other, and nothing is said.
    private List<String> droppedBeside(String command, CommandSpec spec) {
        var dropped = new ArrayList<String>();
        List<OptionSpec> options = options(spec).filter(option -> !REFUSED.contains(option.longestName()) && !words(command, option).isEmpty()).toList();
        var alone = options.stream().map(option -> see(command, words(command, option).toArray(String[]::new))).toList();
        for (int i = 0; i < options.size(); i++) {
            for (int j = i + 1; j < options.size(); j++) {
                String one = options.get(i).longestName();
                String other = options.get(j).longestName();
                Seen both = see(command, Stream.concat(words(command, options.get(i)).stream(), words(command, options.get(j)).stream()).toArray(String[]::new));
                boolean refused = both.refuses(one) || both.refuses(other);
                if (!refused && (both.exitCode == ExitCode.USAGE || both.equals(alone.get(i)) || both.equals(alone.get(j)))) {
                    dropped.add(one + " " + other);
                }
            }
        }
        return dropped;
    }

    @Test
    void everyCommandOfTheDaemonsIsHere() {
        var here = new TreeSet<>(WORDS.keySet());
        here.remove(Negligent.NAME);
        assertThat(here).isEqualTo(commands().keySet());
    }

    @Test
    void eachOptionIsHonouredOrRefused() {
        var dropped = new TreeMap<String, List<String>>();
        commands().forEach((command, spec) -> {
            if (!command.equals("host start")) {
                dropped.put(command, dropped(command, spec));
            }
        });
        dropped.values().removeIf(List::isEmpty);
        assertThat(dropped).isEmpty();
    }

    @Test
    void eachOptionIsHonouredBesideEachOther() {
        var dropped = new TreeMap<String, List<String>>();
        commands().forEach((command, spec) -> {
            if (!command.equals("host start")) {
                dropped.put(command, droppedBeside(command, spec));
            }
        });
        dropped.values().removeIf(List::isEmpty);
        assertThat(dropped).isEmpty();
    }

    /// The controls: one option that nobody looks at, and one that is not looked at beside another.
    @Test
    void anOptionThatNobodyHonoursIsFound() {
        CommandSpec negligent = Objects.requireNonNull(program.getSubcommands().get(Negligent.NAME)).getCommandSpec();
        assertThat(dropped(Negligent.NAME, negligent)).containsExactlyInAnyOrder("--name", "--host", "--fingerprint", "--tls");
        assertThat(droppedBeside(Negligent.NAME, negligent)).contains("--cpus --memory").doesNotContain("--memory --output");
    }

    /// Looks at `--cpus`, and at `--memory` only without it.
    @Command(name = Negligent.NAME, mixinStandardHelpOptions = true)
    static final class Negligent implements Runnable {
        static final String NAME = "negligent";

        @Mixin
        HostOptions host = new HostOptions();

        @Option(names = "--name")
        String name = "";

        @Option(names = "--cpus")
        int cpus;

        @Option(names = "--memory")
        String memory = "";

        @Option(names = "--output")
        String output = "";

        @Override
        public void run() {
            host.say(output + (cpus > 0 ? "cpus " + cpus : memory));
        }
    }
}
