package holdfast.cli;

import holdfast.host.HostClient;
import holdfast.host.TokenView;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `holdfast token ls`.
@Command(
        name = "ls",
        description = "Lists the tokens there are, by their names.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class TokenListCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            List<TokenView> all = daemon.tokens();
            if (format != OutputFormat.text) {
                host.say(format.of(all));
                return ExitCode.OK;
            }
            int width = Math.max(12, all.stream().mapToInt(token -> token.name().length()).max().orElse(0));
            String row = "%-" + width + "s  %-8s  %s";
            host.say(String.format(row, "NAME", "ROLE", "CREATED"));
            all.forEach(token -> host.say(String.format(row, token.name(), token.role(), token.created())));
        }
        return ExitCode.OK;
    }
}
