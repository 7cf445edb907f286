package holdfast.cli;

import holdfast.host.HostClient;
import holdfast.host.VmView;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `holdfast events`.
@Command(
        name = "events",
        description = "Shows how the machines are, and from then on what becomes of them, until it is ended.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class EventsCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; json: a line each; yaml: a document each; default: text")
    OutputFormat format = OutputFormat.text;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            daemon.events(this::show);
        }
        return ExitCode.OK;
    }

    private boolean show(String line, VmView vm) {
        host.say(switch (format) {
            case text -> vm.name() + ": " + vm.state() + (vm.ready() ? ", takes commands" : "");
            case json -> line;
            case yaml -> "---\n" + format.of(vm);
        });
        return !host.out().checkError();
    }
}
