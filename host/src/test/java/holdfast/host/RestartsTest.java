package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RestartsTest {
    private static final String PANIC = "the guest's kernel panicked: Kernel panic - not syncing";
    private static final String OFF = "the guest switched its power off";

    private final List<Duration> waits = new ArrayList<>();
    private final List<Runnable> later = new ArrayList<>();
    private final List<String> started = new ArrayList<>();
    private long now;
    private boolean fits = true;
    private final Restarts restarts = new Restarts(
            (wait, action) -> {
                waits.add(wait);
                later.add(action);
            },
            () -> now,
            (id, generation) -> {
                started.add(id + " " + generation);
                return fits;
            });

    private static VmView vm(String policy, String state, long generation, String ended) {
        var spec = new VmSpec(null, 1, 64 << 20, null, null, null, null, null, policy);
        boolean again = state.equals("stopped") && RestartPolicy.of(policy).holdsFor(ended);
        return new VmView("1", "one", generation, state, false, spec, null, "", null, ended, "/", null, null, 1, List.of(), again, false);
    }

    private void lives(String policy, long generation, Duration life, String ended) {
        restarts.seen(vm(policy, "starting", generation, ""));
        restarts.seen(vm(policy, "running", generation, ""));
        now += life.toNanos();
        restarts.seen(vm(policy, "ending", generation, ""));
        restarts.seen(vm(policy, "stopped", generation, ended));
    }

    private void wake() {
        List<Runnable> all = List.copyOf(later);
        later.clear();
        all.forEach(Runnable::run);
    }

    @ParameterizedTest
    @CsvSource({
        "no, its process was killed, false", "on-failure, its process was killed, true", "always, its process was killed, true",
        "on-failure, the guest switched its power off, false", "always, the guest switched its power off, true",
        "always, its power was cut, false", "always, it was saved, false", "on-failure, its process was told to end, false",
        "always, its process was told to end, true", "on-failure, the guest's kernel panicked, true"
    })
    void thePolicySaysWhatIsStartedAgain(String policy, String ended, boolean again) {
        lives(policy, 1, Duration.ofSeconds(5), ended);
        wake();
        assertThat(started).hasSize(again ? 1 : 0);
    }

    @Test
    void eachTimeItWaitsTwiceAsLong() {
        for (int generation = 1; generation <= 9; generation++) {
            lives("always", generation, Duration.ofSeconds(2), PANIC);
            wake();
        }
        assertThat(waits).extracting(Duration::toSeconds).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L);
        assertThat(started).hasSize(9).endsWith("1 9");
    }

    @Test
    void oneThatHasRunForLongBeginsAnew() {
        lives("always", 1, Duration.ofSeconds(2), PANIC);
        lives("always", 2, Duration.ofSeconds(2), PANIC);
        lives("always", 3, Duration.ofMinutes(2), PANIC);
        assertThat(waits).extracting(Duration::toSeconds).containsExactly(1L, 2L, 1L);
    }

    @Test
    void oneThatSomebodyStopsStaysSo() {
        VmRecord runs = InventoryTest.record("1", "one", Phase.STOPPED, new VmSpec(null, 1, 64 << 20, null, null, null, null, null, "always")).started("t", true);
        assertThat(runs.stopped(OFF).again()).isTrue();
        assertThat(runs.again(false).stopped(OFF).again()).isFalse();
        assertThat(runs.again(false).stopped(OFF).started("u", true).stopped(OFF).again()).isTrue();
    }

    @Test
    void oneThatWaitedWhenTheLastDaemonEndedIsStartedAgain() {
        restarts.left("1", 4);
        assertThat(waits).containsExactly(Restarts.FIRST);
        wake();
        assertThat(started).containsExactly("1 4");
    }

    @Test
    void oneThatIsOnlyRenamedHasNotEnded() {
        lives("no", 1, Duration.ofSeconds(1), PANIC);
        restarts.seen(vm("always", "stopped", 1, PANIC));
        assertThat(waits).isEmpty();
    }

    @Test
    void oneThatDoesNotFitIsTriedAgainLater() {
        lives("always", 1, Duration.ofSeconds(1), PANIC);
        fits = false;
        wake();
        fits = true;
        wake();
        wake();
        assertThat(started).containsExactly("1 1", "1 1");
        assertThat(waits).extracting(Duration::toSeconds).containsExactly(1L, 2L);
    }

    @Test
    void oneThatTheLastDaemonLeftAndThatIsGoneIsStartedAgain() {
        restarts.found("1");
        restarts.seen(vm("on-failure", "stopped", 1, Ended.KILLED));
        wake();
        assertThat(started).containsExactly("1 1");
    }

    @Test
    void aPolicyThatIsNoneIsRefused() {
        var spec = new VmSpec(null, 1, 0, null, null, null, null, null, "sometimes");
        assertThatThrownBy(spec::check).isInstanceOf(HostProblem.class).hasMessageContaining("restart: sometimes");
    }
}
