package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import holdfast.host.VmView;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `holdfast list`.
@Command(
        name = "list",
        description = "Lists the machines of this host.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ListCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Option(names = {"-o", "--output"}, paramLabel = "text|json", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            List<VmView> all = daemon.list();
            if (format == OutputFormat.json) {
                host.say(OutputFormat.JSON.writeValueAsString(all));
                return ExitCode.OK;
            }
            int width = all.stream().mapToInt(vm -> vm.name().length()).max().orElse(0);
            String row = "%-" + Math.max(width, 12) + "s  %-9s %-12s %4s  %s";
            host.say(String.format(row, "NAME", "STATE", "IMAGE", "CPUS", "MEMORY"));
            for (VmView vm : all) {
                host.say(String.format(
                        row, vm.name(), vm.state(), vm.spec().image(), vm.spec().cpus(), new ByteSize(vm.spec().memoryBytes()).rounded()));
            }
        }
        return ExitCode.OK;
    }
}
