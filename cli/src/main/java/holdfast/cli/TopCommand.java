package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import holdfast.host.HostUsage;
import holdfast.host.VmUsage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `holdfast top`.
@Command(
        name = "top",
        description = {
            "Shows what the machines take of the host: again and again on a terminal, until it is ended; once when its output goes elsewhere.",
            "CPU is what their processes took in the time between; 100 %% is a whole processor of the host.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class TopCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; json: once; default: text")
    OutputFormat format = OutputFormat.text;

    @Option(names = "--interval", paramLabel = "SECONDS", description = "the time between; default: 2 on a terminal, else 1")
    int interval;

    /// What is shown of a machine.
    ///
    /// @param cpuPercent of one processor of the host
    record Row(String name, String state, long pid, int cpus, double cpuPercent, long residentBytes, long guestBytes) {}

    @Override
    public Integer call() throws InterruptedException {
        boolean again = format == OutputFormat.text && Screen.isThere();
        if (interval < 0) {
            throw new UsageError("--interval " + interval + ": is to be at least 1");
        }
        int seconds = interval == 0 ? again ? 2 : 1 : interval;
        var never = new CountDownLatch(1);
        var screen = new Screen(host.out());
        try (HostClient daemon = host.daemon()) {
            HostUsage before = daemon.usage();
            do {
                boolean _ = never.await(seconds, TimeUnit.SECONDS);
                HostUsage now = daemon.usage();
                List<Row> rows = rows(before, now);
                if (!again) {
                    once(rows);
                } else if (!screen.show(lines(rows))) {
                    return ExitCode.OK;
                }
                before = now;
            } while (again);
        }
        return ExitCode.OK;
    }

    private void once(List<Row> rows) {
        if (format != OutputFormat.text) {
            host.say(format.of(rows));
        } else {
            lines(rows).forEach(host::say);
        }
    }

    /// The busiest first.
    static List<Row> rows(HostUsage before, HostUsage now) {
        Map<String, VmUsage> earlier = before.machines().stream().collect(Collectors.toMap(VmUsage::id, Function.identity()));
        double seconds = now.seconds() - before.seconds();
        return now.machines().stream()
                .map(vm -> row(vm, earlier.get(vm.id()), seconds))
                .sorted(Comparator.comparingDouble(Row::cpuPercent).reversed().thenComparing(Row::name))
                .toList();
    }

    private static Row row(VmUsage now, @Nullable VmUsage before, double seconds) {
        // Of a process that was not there before, all its time is of since then.
        double earlier = before == null || before.pid() != now.pid() ? 0 : before.cpuSeconds();
        double percent = seconds <= 0 ? 0 : Math.max(0, now.cpuSeconds() - earlier) / seconds * 100;
        return new Row(
                now.name(), now.state(), now.pid(), now.cpus(), Math.round(percent * 10) / 10.0, now.residentBytes(), now.guestBytes());
    }

    static List<String> lines(List<Row> rows) {
        int width = Math.max(12, rows.stream().mapToInt(row -> row.name().length()).max().orElse(0));
        int stateWidth = Math.max(9, rows.stream().mapToInt(row -> row.state().length()).max().orElse(0));
        String form = "%-" + width + "s  %-" + stateWidth + "s %8s %5s %7s  %10s  %10s";
        var lines = new ArrayList<String>();
        lines.add(String.format(form, "NAME", "STATE", "PROCESS", "CPUS", "CPU %", "RESIDENT", "GUEST"));
        for (Row row : rows) {
            boolean there = row.pid() != 0;
            lines.add(String.format(
                    form, row.name(), row.state(), there ? row.pid() : "-", row.cpus(), there ? row.cpuPercent() : "-",
                    there ? new ByteSize(row.residentBytes()).rounded() : "-", new ByteSize(row.guestBytes()).rounded()));
        }
        return lines;
    }
}
