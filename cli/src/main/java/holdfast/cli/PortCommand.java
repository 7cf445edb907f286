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
    /// What `add` and `rm` have in common: one thing done for each port, once all of them make sense.
    @Command(mixinStandardHelpOptions = true, versionProvider = Version.class)
    abstract static class OfEach implements Callable<Integer> {
        @Mixin
        HostOptions host = new HostOptions();

        @Parameters(index = "0", paramLabel = "NAME", description = "the machine's name")
        String name = "";

        @Parameters(index = "1..*", arity = "1..*", paramLabel = "[ADDRESS:]HOST[:GUEST][/udp]", description = "such as 8080:80; with the address 0.0.0.0 for all; to close one 8080 will do")
        List<String> ports = List.of();

        abstract void act(HostClient daemon, SpecPort port) throws InterruptedException;

        @Override
        public final Integer call() throws InterruptedException {
            List<SpecPort> wanted = PortArgument.all(ports);
            try (HostClient daemon = host.daemon()) {
                for (SpecPort port : wanted) {
                    act(daemon, port);
                }
            }
            return ExitCode.OK;
        }
    }

    /// `holdfast port add`.
    @Command(name = "add", description = "Opens ports.")
    static final class Add extends OfEach {
        @Override
        void act(HostClient daemon, SpecPort port) throws InterruptedException {
            daemon.addPort(name, port);
        }
    }

    /// `holdfast port rm`.
    @Command(name = "rm", description = "Closes ports.")
    static final class Remove extends OfEach {
        @Override
        void act(HostClient daemon, SpecPort port) throws InterruptedException {
            daemon.removePort(name, port);
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
