package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class MainTest {

    /// Every command there is, as the words that name it.
    static Stream<List<String>> commands() {
        var found = new ArrayList<List<String>>();
        collect(Main.commandLine(), List.of(), found);
        return found.stream();
    }

    private static void collect(CommandLine command, List<String> path, List<List<String>> found) {
        found.add(path);
        command.getSubcommands().forEach((name, below) -> collect(below, Stream.concat(path.stream(), Stream.of(name)).toList(), found));
    }

    private static Invocation invoke(List<String> path, String... more) {
        return Invocation.of(Stream.concat(path.stream(), Stream.of(more)).toArray(String[]::new));
    }

    @Test
    void versionIsThatOfTheBuild() {
        Invocation version = Invocation.of("--version");
        assertThat(version.exitCode()).isZero();
        assertThat(version.out()).matches("holdfast \\d+\\.\\d+\\.\\d+\\S* \\(Java \\S+\\)\\R");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandExplainsItselfOnStandardOutput(List<String> path) {
        Invocation help = invoke(path, "--help");
        assertThat(help.exitCode()).isZero();
        assertThat(help.out()).startsWith("Usage: holdfast" + (path.isEmpty() ? "" : " " + String.join(" ", path)));
        assertThat(help.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
        assertThat(help.err()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void anUnknownOptionIsAUsageErrorOfThatCommand(List<String> path) {
        Invocation invocation = invoke(path, Stream.concat(required(path), Stream.of("--no-such-option")).toArray(String[]::new));
        assertThat(invocation.exitCode()).isEqualTo(2);
        assertThat(invocation.out()).isEmpty();
        assertThat(invocation.err()).contains("--no-such-option").contains("--help'").hasLineCount(2);
    }

    /// Words for all that a command cannot do without, so that it has nothing else to complain of.
    private static Stream<String> required(List<String> path) {
        CommandLine command = Main.commandLine();
        for (String word : path) {
            command = Objects.requireNonNull(command.getSubcommands().get(word));
        }
        CommandLine.Model.CommandSpec spec = command.getCommandSpec();
        Stream<String> options = spec.options().stream().filter(CommandLine.Model.OptionSpec::required).map(option -> option.longestName() + "=name");
        Stream<String> words = spec.positionalParameters().stream().flatMap(each -> Stream.generate(() -> "name").limit(each.arity().min()));
        return Stream.concat(options, words);
    }

    @Test
    void theHelpListsWhatTheScriptDoesItself() {
        assertThat(Invocation.of("--help").out()).contains("run").contains("image").contains("check").contains("doctor").contains("import");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run --memry 1G;--memory", "run --cpu 2;--cpus", "rnu;run", "image bild;build", "--versoin;--version"})
    void anUnknownWordIsAnsweredWithTheNearestKnownOne(String wordAndAnswer) {
        String[] parts = wordAndAnswer.split(";");
        Invocation invocation = Invocation.of(parts[0].split(" "));
        assertThat(invocation.exitCode()).isEqualTo(2);
        assertThat(invocation.err()).contains("did you mean " + parts[1] + "?");
    }

    @Test
    void helpPrintedToAPipeHasNoColours() {
        assertThat(Invocation.of("run", "--help").out()).doesNotContain("\033");
    }

    @Test
    void theManualShowsWhichValuesMayBeLeftOut() {
        assertThat(Invocation.of("help", "--man", "run").out())
                .contains("\\fB\\-\\-profile\\fR[=\\fIFILE\\fR]\n")
                .contains("\\fB\\-\\-record\\fR \\fIFILE\\fR\n");
    }

    @Test
    void helpOfAnUnknownCommandIsAUsageError() {
        Invocation invocation = Invocation.of("help", "run", "away");
        assertThat(invocation.exitCode()).isEqualTo(2);
        assertThat(invocation.err()).contains("holdfast run away");
    }

    @Test
    void completionKnowsEveryCommandAndOption() {
        Invocation completion = Invocation.of("completion");
        assertThat(completion.exitCode()).isZero();
        assertThat(completion.out()).startsWith("#!").contains("--save-on-exit").contains("doctor").contains("import");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandHasAManualPage(List<String> path) {
        Invocation page = invoke(Stream.concat(Stream.of("help", "--man"), path.stream()).toList());
        assertThat(page.exitCode()).isZero();
        assertThat(page.out()).startsWith(".TH \"HOLDFAST").contains(".SH NAME\nholdfast").contains(".SH SYNOPSIS").contains(".SH OPTIONS");
        assertThat(page.out().lines()).allSatisfy(line -> assertThat(line).doesNotStartWith("'").doesNotContain("%n"));
    }

    @Test
    void allManualPagesAreWrittenIntoADirectory(@TempDir Path directory) throws IOException {
        Path pages = directory.resolve("man/man1");
        assertThat(Invocation.of("help", "--man-pages", pages.toString()).exitCode()).isZero();
        commands().forEach(path -> assertThat(pages.resolve(String.join("-", Stream.concat(Stream.of("holdfast"), path.stream()).toList()) + ".1"))
                .content().startsWith(".TH"));
        Files.writeString(directory.resolve("file"), "");
        Invocation refused = Invocation.of("help", "--man-pages", directory.resolve("file").toString());
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err()).contains("name another directory");
    }

    /// What is made for one command alone is that command as it is among all.
    @Test
    void aCommandThatIsMadeAloneIsTheSame() {
        CommandLine all = Main.commandLine();
        all.getSubcommands().forEach((name, command) -> {
            CommandLine alone = Main.commandLineFor(name, "--help");
            assertThat(alone.getSubcommands()).containsKey(name);
            assertThat(Objects.requireNonNull(alone.getSubcommands().get(name)).getUsageMessage()).isEqualTo(command.getUsageMessage());
        });
        assertThat(Main.commandLineFor("list").getSubcommands()).hasSize(1);
        assertThat(Main.commandLineFor("lst").getSubcommands()).hasSameSizeAs(all.getSubcommands());
    }
}
