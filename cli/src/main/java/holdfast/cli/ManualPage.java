package holdfast.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// A command's manual page in roff with the macros of man(7), out of the same model that its help comes from.
final class ManualPage {
    private final CommandSpec command;
    private final StringBuilder roff = new StringBuilder();

    private ManualPage(CommandSpec command) {
        this.command = command;
    }

    static String of(CommandSpec command) {
        return new ManualPage(command).write();
    }

    /// The page's name, e.g. `holdfast-image-build`.
    static String name(CommandSpec command) {
        return command.qualifiedName("-");
    }

    private String write() {
        String name = name(command);
        List<String> description = List.of(command.usageMessage().description());
        line(".TH \"" + name.toUpperCase(java.util.Locale.ROOT) + "\" 1 \"\" \"Holdfast\" \"Holdfast\"");
        section("NAME");
        line(text(name) + " \\- " + text(summary(description)));
        section("SYNOPSIS");
        synopsis();
        section("DESCRIPTION");
        paragraphs(description);
        arguments();
        subcommands();
        exitCodes();
        paragraphsOf(List.of(command.usageMessage().footer()));
        seeAlso();
        return roff.toString();
    }

    /// The first sentence, without its full stop, begun small as manual pages have it.
    private static String summary(List<String> description) {
        String first = description.isEmpty() ? "" : description.getFirst();
        String sentence = first.endsWith(".") ? first.substring(0, first.length() - 1) : first;
        return sentence.isEmpty() ? "" : Character.toLowerCase(sentence.charAt(0)) + sentence.substring(1);
    }

    private void synopsis() {
        var help = new CommandLine.Help(command, CommandLine.Help.defaultColorScheme(Ansi.OFF));
        String synopsis = help.synopsis(0).strip().replaceAll("\\s*\\R\\s*", " ");
        String name = command.qualifiedName();
        line(".B " + text(name));
        line(text(synopsis.startsWith(name) ? synopsis.substring(name.length()).strip() : synopsis));
    }

    private void arguments() {
        List<PositionalParamSpec> parameters = command.positionalParameters().stream().filter(p -> !p.hidden()).toList();
        List<OptionSpec> options = command.options().stream().filter(option -> !option.hidden()).toList();
        if (!parameters.isEmpty()) {
            section("ARGUMENTS");
            parameters.forEach(parameter -> item(italic(parameter.paramLabel()), List.of(parameter.description())));
        }
        if (!options.isEmpty()) {
            section("OPTIONS");
            options.forEach(option -> item(term(option), List.of(option.description())));
        }
    }

    private static String term(OptionSpec option) {
        String names = Stream.of(option.names()).map(ManualPage::bold).collect(Collectors.joining(", "));
        if (option.arity().max() == 0) {
            return names;
        }
        String value = italic(option.paramLabel());
        return option.arity().min() == 0 ? names + "[=" + value + "]" : names + " " + value;
    }

    private void subcommands() {
        if (command.subcommands().isEmpty()) {
            return;
        }
        section("COMMANDS");
        for (CommandLine below : command.subcommands().values().stream().distinct().toList()) {
            CommandSpec spec = below.getCommandSpec();
            item(bold(spec.name()), Stream.of(spec.usageMessage().description()).limit(1).toList());
        }
    }

    private void exitCodes() {
        Map<String, String> codes = command.usageMessage().exitCodeList();
        if (!codes.isEmpty()) {
            section("EXIT STATUS");
            codes.forEach((code, meaning) -> item(bold(code.strip()), List.of(meaning)));
        }
    }

    private void seeAlso() {
        var others = new ArrayList<String>();
        if (command.parent() != null) {
            others.add(name(command.parent()));
        }
        command.subcommands().values().stream().distinct().map(c -> name(c.getCommandSpec())).forEach(others::add);
        if (!others.isEmpty()) {
            section("SEE ALSO");
            line(others.stream().map(other -> bold(other) + "(1)").collect(Collectors.joining(", ")));
        }
    }

    /// A footer's sections: an empty line, then a heading that ends with a colon.
    private void paragraphsOf(List<String> footer) {
        for (int i = 0; i < footer.size(); i++) {
            boolean heading = i > 0 && footer.get(i - 1).isEmpty() && footer.get(i).endsWith(":");
            if (heading) {
                section(footer.get(i).substring(0, footer.get(i).length() - 1).toUpperCase(java.util.Locale.ROOT));
            } else if (footer.get(i).startsWith("  ")) {
                line(".IP");
                line(text(footer.get(i).strip()));
            } else {
                paragraphs(List.of(footer.get(i)));
            }
        }
    }

    private void section(String title) {
        line(".SH " + title);
    }

    private void item(String term, List<String> description) {
        line(".TP");
        line(term);
        line(text(String.join(" ", description)));
    }

    private void paragraphs(List<String> lines) {
        lines.forEach(each -> line(each.isEmpty() ? ".PP" : text(each)));
    }

    private void line(String line) {
        roff.append(line).append('\n');
    }

    private static String bold(String text) {
        return "\\fB" + text(text) + "\\fR";
    }

    private static String italic(String text) {
        return "\\fI" + text(text) + "\\fR";
    }

    /// Text as roff takes it: a backslash, a minus sign, and a dot or quote at a line's start mean something else there.
    private static String text(String plain) {
        String escaped = plain.replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti");
        return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
    }
}
