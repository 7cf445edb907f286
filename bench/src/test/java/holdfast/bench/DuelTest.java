package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import holdfast.block.OperatorError;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With shells in place of virtual machines, which claim to have taken any time.
@Timeout(60)
class DuelTest {
    private static final Benchmark PROGRAM = new Benchmark("sha256", Group.STEADY);

    @TempDir
    Path directory;

    /// @param milliseconds a shell's expression of the number `n` of the repetition, from 1
    /// @param verdict what it thinks of its checksum
    private RunningGuest guest(Contender contender, String milliseconds, String verdict) {
        String script = "n=0; while read -r run name; do n=$((n + 1)); echo noise; "
                + "echo \"@ $name $((" + milliseconds + "))000000 000000000000002a " + verdict + "\"; done";
        Path errors = directory.resolve(contender.name());
        return RunningGuest.start(contender, List.of("sh", "-c", script), Cores.allowed(), errors);
    }

    private Duel duel(String ours, String theirs, String verdict) {
        return new Duel(guest(Contender.HOLDFAST, ours, verdict), guest(Contender.QEMU, theirs, "ok"), Duel.Timekeeper.GUEST);
    }

    @Test
    void bothAreMeasuredWhenTheyAreSteady() throws InterruptedException {
        // Ours is steady from its third repetition on, and then becomes slower: it is measured after its fifth.
        try (Duel duel = duel("n < 3 ? 900 : n < 6 ? 500 : 800 + n", "100", "ok")) {
            Row row = duel.run(PROGRAM, 3);
            assertThat(row.ours().steady()).isTrue();
            assertThat(row.ours().warmUpSeconds()).isEqualTo(1.8, within(1e-9));
            assertThat(row.ours().seconds()).isEqualTo(0.807, within(1e-9));
            assertThat(row.theirs().warmUpSeconds()).isZero();
            assertThat(row.theirs().seconds()).isEqualTo(0.1, within(1e-9));
        }
    }

    @Test
    void aGuestWhoseTimeIsNotTheWorldsIsTimedFromOutside() throws InterruptedException {
        RunningGuest with = guest(Contender.HOLDFAST, "100 * 1000", "ok");
        RunningGuest without = guest(Contender.QEMU, "1", "ok");
        try (Duel duel = new Duel(with, without, Duel.Timekeeper.HOST)) {
            Row row = duel.run(new Benchmark("det-gzip", Group.MODES, "gzip", Mode.DETERMINISTIC), 3);
            assertThat(row.ours().seconds()).isBetween(0.0, 30.0);
        }
    }

    @Test
    void whatNeverBecomesSteadyIsMeasuredAllTheSame() throws InterruptedException {
        try (Duel duel = duel("100 * n", "100", "ok")) {
            Row row = duel.run(PROGRAM, 1);
            assertThat(row.ours().steady()).isFalse();
            assertThat(row.ours().seconds()).as("after 24 repetitions, which took 30 s").isEqualTo(2.5, within(1e-9));
            assertThat(row.theirs().steady()).isTrue();
        }
    }

    @Test
    void aWrongResultIsNoResult() throws InterruptedException {
        try (Duel duel = duel("100", "100", "wrong")) {
            assertThatThrownBy(() -> duel.run(PROGRAM, 1))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("Holdfast")
                    .hasMessageContaining("sha256 computes a wrong result: sha256 000000000000002a");
        }
    }
}
