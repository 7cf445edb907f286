package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import holdfast.host.VmView;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;
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
    private static final Row TITLES = new Row("NAME", "STATE", "IMAGE", "CPUS", "MEMORY");

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
                host.say(TITLES.text(TITLES));
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
            case text -> Row.of(vm).text(TITLES);
            case json -> line;
            case yaml -> "---\n" + format.of(vm);
        });
        return !host.out().checkError();
    }

    /// As wide as what is in them.
    static List<String> lines(List<VmView> all) {
        List<Row> rows = Stream.concat(Stream.of(TITLES), all.stream().map(Row::of)).toList();
        Row widest = new Row(width(rows, Row::name), width(rows, Row::state), width(rows, Row::image), "", "");
        return rows.stream().map(row -> row.text(widest)).toList();
    }

    private static String width(List<Row> rows, Function<Row, String> cell) {
        return rows.stream().map(cell).max(Comparator.comparingInt(String::length)).orElse("");
    }

    private record Row(String name, String state, String image, String cpus, String memory) {
        static Row of(VmView vm) {
            return new Row(vm.name(), vm.state(), vm.spec().image(), Integer.toString(vm.spec().cpus()), new ByteSize(vm.spec().memoryBytes()).rounded());
        }

        /// @param like how wide it is to be at least
        String text(Row like) {
            return String.format("%-" + Math.max(like.name.length(), 12) + "s  %-" + Math.max(like.state.length(), 9) + "s %-" + Math.max(like.image.length(), 12) + "s %4s  %s", name, state, image, cpus, memory);
        }
    }
}
