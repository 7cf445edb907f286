package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.host.HostUsage;
import holdfast.host.VmUsage;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopCommandTest {
    private static VmUsage usage(String name, long pid, double cpuSeconds) {
        return new VmUsage("id-" + name, name, pid == 0 ? "stopped" : "running", pid, 1, cpuSeconds, pid == 0 ? 0 : 300 << 20, 256 << 20);
    }

    private static HostUsage at(double seconds, VmUsage... machines) {
        return new HostUsage(seconds, 0, 0, List.of(machines));
    }

    @Test
    void showsWhatEachTookInBetweenTheBusiestFirst() {
        HostUsage before = at(10, usage("idle", 1, 50), usage("busy", 2, 7), usage("off", 0, 0), usage("again", 3, 100));
        HostUsage now = at(12, usage("idle", 1, 50.02), usage("busy", 2, 10), usage("off", 0, 0), usage("again", 4, 1));
        assertThat(TopCommand.rows(before, now))
                .extracting(TopCommand.Row::name, TopCommand.Row::cpuPercent)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("busy", 150.0), org.assertj.core.groups.Tuple.tuple("again", 50.0),
                        org.assertj.core.groups.Tuple.tuple("idle", 1.0), org.assertj.core.groups.Tuple.tuple("off", 0.0));
    }

    @Test
    void aMachineThatDoesNotRunTakesNothing() {
        List<String> lines = TopCommand.lines(TopCommand.rows(at(1), at(2, usage("off", 0, 0))));
        assertThat(lines).hasSize(2);
        assertThat(lines.getLast().split(" +")).containsExactly("off", "stopped", "-", "1", "-", "-", "256", "MiB");
    }
}
