package holdfast.cli;

import holdfast.host.HostClient;
import holdfast.host.SpecPort;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast port`: the ports of the host that lead to a machine.
@Command(
        name = "port",
        description = "Lets ports of this host lead to a machine, at once if it runs. They are bound to 127.0.0.1 unless told otherwise.",
        subcommands = {PortCommand.Add.class, PortCommand.Remove.class, PortCommand.Show.class})
final class PortCommand extends CommandGroup {
    private static final String FORM = "[ADDRESS:]HOST:GUEST[/udp]";

    /// `holdfast port add`.
    @Command(name = "add", description = "Opens a port.", mixinStandardHelpOptions = true, versionProvider = Version.class)
    static final class Add implements Callable<Integer> {
        @Mixin
        HostOptions host = new HostOptions();

        @Parameters(index = "0", paramLabel = "NAME", description = "the machine's name")
        String name = "";

        @Parameters(index = "1..*", arity = "1..*", paramLabel = FORM, description = "such as 8080:80; 0.0.0.0:8080:80 is for all")
        List<String> ports = List.of();

        @Override
        public Integer call() throws InterruptedException {
            List<SpecPort> wanted = PortArgument.all(ports);
            try (HostClient daemon = host.daemon()) {
                for (SpecPort port : wanted) {
                    daemon.addPort(name, port);
                }
            }
            return ExitCode.OK;
        }
    }

    /// `holdfast port rm`.
    @Command(name = "rm", description = "Closes a port.", mixinStandardHelpOptions = true, versionProvider = Version.class)
    static final class Remove implements Callable<Integer> {
        @Mixin
        HostOptions host = new HostOptions();

        @Parameters(index = "0", paramLabel = "NAME", description = "the machine's name")
        String name = "";

        @Parameters(index = "1..*", arity = "1..*", paramLabel = "[ADDRESS:]HOST[/udp]", description = "such as 8080")
        List<String> ports = List.of();

        @Override
        public Integer call() throws InterruptedException {
            List<SpecPort> wanted = PortArgument.all(ports);
            try (HostClient daemon = host.daemon()) {
                for (SpecPort port : wanted) {
                    daemon.removePort(name, port);
                }
            }
            return ExitCode.OK;
        }
    }

    /// `holdfast port ls`.
    @Command(name = "ls", description = "Lists a machine's ports.", mixinStandardHelpOptions = true, versionProvider = Version.class)
    static final class Show implements Callable<Integer> {
        @Mixin
        HostOptions host = new HostOptions();

        @Parameters(paramLabel = "NAME", description = "the machine's name")
        String name = "";

        @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
        OutputFormat format = OutputFormat.text;

        @Override
        public Integer call() throws InterruptedException {
            try (HostClient daemon = host.daemon()) {
                List<SpecPort> ports = daemon.get(name).spec().ports();
                if (format != OutputFormat.text) {
                    host.say(format.of(ports));
                } else {
                    ports.forEach(port -> host.say(port.toString()));
                }
            }
            return ExitCode.OK;
        }
    }
}
