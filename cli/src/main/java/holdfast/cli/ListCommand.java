package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import holdfast.host.VmView;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
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
    private static final int NAME_WIDTH = 12;

    @Mixin
    HostOptions host = new HostOptions();

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Option(names = {"-w", "--watch"}, description = "and again whenever something changes, until it is ended; off a terminal each change is a row, and with -o json a line")
    boolean watch;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            if (watch) {
                watch(daemon);
            } else if (format != OutputFormat.text) {
                host.say(format.of(daemon.list()));
            } else {
                lines(daemon.list()).forEach(host::say);
            }
        }
        return ExitCode.OK;
    }

    private void watch(HostClient daemon) {
        if (format != OutputFormat.text || !Screen.isThere()) {
            if (format == OutputFormat.text) {
                host.say(row(NAME_WIDTH, "NAME", "STATE", "IMAGE", "CPUS", "MEMORY"));
            }
            daemon.events((line, vm) -> change(line, vm));
            return;
        }
        var screen = new Screen(host.out());
        var all = new TreeMap<String, VmView>();
        daemon.events((_, vm) -> {
            all.values().removeIf(other -> other.id().equals(vm.id()));
            if (!vm.state().equals("removing")) {
                all.put(vm.name(), vm);
            }
            return screen.show(lines(List.copyOf(all.values())));
        });
    }

    private boolean change(String line, VmView vm) {
        host.say(switch (format) {
            case text -> row(NAME_WIDTH, vm);
            case json -> line;
            case yaml -> "---\n" + format.of(vm);
        });
        return !host.out().checkError();
    }

    private static List<String> lines(List<VmView> all) {
        int width = all.stream().mapToInt(vm -> vm.name().length()).max().orElse(0);
        var lines = new ArrayList<String>();
        lines.add(row(width, "NAME", "STATE", "IMAGE", "CPUS", "MEMORY"));
        all.forEach(vm -> lines.add(row(width, vm)));
        return lines;
    }

    private static String row(int width, VmView vm) {
        return row(width, vm.name(), vm.state(), vm.spec().image(), Integer.toString(vm.spec().cpus()), new ByteSize(vm.spec().memoryBytes()).rounded());
    }

    private static String row(int width, String name, String state, String image, String cpus, String memory) {
        return String.format("%-" + Math.max(width, NAME_WIDTH) + "s  %-9s %-12s %4s  %s", name, state, image, cpus, memory);
    }
}
