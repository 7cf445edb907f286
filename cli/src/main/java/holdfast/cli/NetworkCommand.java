package holdfast.cli;

import holdfast.host.HostClient;
import holdfast.host.NetView;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast network`: the networks of machines.
@Command(
        name = "network",
        description = "Makes, lists and removes networks of machines. One, 'default', is made when the first machine needs it.",
        subcommands = {NetworkCommand.Create.class, NetworkCommand.Show.class, NetworkCommand.Remove.class})
final class NetworkCommand extends CommandGroup {

    /// `holdfast network create`.
    @Command(name = "create", description = "Makes a network.", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false)
    static final class Create implements Callable<Integer> {
        @Mixin
        HostOptions host = new HostOptions();

        @Parameters(paramLabel = "NAME", description = "what to call it; its machines are found as MACHINE.NAME.internal")
        String name = "";

        @Option(names = "--subnet", paramLabel = "A.B.C.0", description = "its first address, of 256; default: one is found")
        @Nullable String subnet;

        @Option(names = "--host-loopback", description = "let its machines reach this host's 127.0.0.1 at the gateway's address")
        boolean hostLoopback;

        @Override
        public Integer call() throws InterruptedException {
            try (HostClient daemon = host.daemon()) {
                host.say(daemon.createNetwork(name, subnet, hostLoopback).subnet());
            }
            return ExitCode.OK;
        }
    }

    /// `holdfast network ls`.
    @Command(name = "ls", description = "Lists the networks.", mixinStandardHelpOptions = true, versionProvider = Version.class)
    static final class Show implements Callable<Integer> {
        @Mixin
        HostOptions host = new HostOptions();

        @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
        OutputFormat format = OutputFormat.text;

        @Override
        public Integer call() throws InterruptedException {
            try (HostClient daemon = host.daemon()) {
                List<NetView> all = daemon.networks();
                if (format != OutputFormat.text) {
                    host.say(format.of(all));
                    return ExitCode.OK;
                }
                String row = "%-12s  %-18s %8s  %s";
                host.say(String.format(row, "NAME", "SUBNET", "MACHINES", "WAY OUT"));
                for (NetView network : all) {
                    host.say(String.format(row, network.name(), network.subnet(), network.machines(), wayOut(network)));
                }
            }
            return ExitCode.OK;
        }

        private static String wayOut(NetView network) {
            if (network.wayOut() == null) {
                return "rests";
            }
            return !network.wayOut() ? "none: libslirp is not here" : network.hostLoopback() ? "yes, and the host's loopback" : "yes";
        }
    }

    /// `holdfast network rm`.
    @Command(name = "rm", description = "Removes a network that has no machines.", mixinStandardHelpOptions = true, versionProvider = Version.class)
    static final class Remove implements Callable<Integer> {
        @Mixin
        HostOptions host = new HostOptions();

        @Parameters(paramLabel = "NAME", description = "the network's name")
        String name = "";

        @Override
        public Integer call() throws InterruptedException {
            try (HostClient daemon = host.daemon()) {
                daemon.removeNetwork(name);
            }
            return ExitCode.OK;
        }
    }
}
