package holdfast.network;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.network.Opening.Kind;
import org.junit.jupiter.api.Test;

class OpeningsTest {
    private final Openings openings = new Openings(1 << 20);
    private int next;

    private void open(Ipv4 machine, Kind kind, int count) {
        for (int i = 0; i < count; i++) {
            openings.opened(next++, new Opening(machine, kind, 0));
        }
    }

    private static Ipv4 machine(int number) {
        return Frames.SUBNET.base().plus(number);
    }

    private boolean admits(int machine, Kind kind) {
        return openings.admits(new Opening(machine(machine), kind, 0));
    }

    @Test
    void aMachineHasItsShareOfEachKind() {
        open(machine(10), Kind.ECHO, Kind.ECHO.max - 1);
        assertThat(admits(10, Kind.ECHO)).isTrue();
        open(machine(10), Kind.ECHO, 1);
        assertThat(admits(10, Kind.ECHO)).isFalse();
        assertThat(admits(10, Kind.CONNECTION)).isTrue();
        assertThat(admits(11, Kind.ECHO)).isTrue();
        openings.closed(0);
        assertThat(admits(10, Kind.ECHO)).isTrue();
    }

    @Test
    void datagramsFindTheSocketThatTheyHave() {
        for (int port = 1; port <= Kind.DATAGRAMS.max; port++) {
            openings.opened(next++, new Opening(machine(10), Kind.DATAGRAMS, port));
        }
        assertThat(openings.admits(new Opening(machine(10), Kind.DATAGRAMS, Kind.DATAGRAMS.max))).isTrue();
        assertThat(openings.admits(new Opening(machine(10), Kind.DATAGRAMS, Kind.DATAGRAMS.max + 1))).isFalse();
    }

    @Test
    void whenAllAreTakenWhoHasFewMayHaveMore() {
        for (int number = 10; number < 13; number++) {
            open(machine(number), Kind.CONNECTION, Openings.ALL_MAX / 3);
        }
        assertThat(admits(10, Kind.ECHO)).isFalse();
        assertThat(admits(20, Kind.CONNECTION)).isTrue();
        open(machine(20), Kind.CONNECTION, Openings.OWN_MIN);
        assertThat(admits(20, Kind.CONNECTION)).isFalse();
    }

    @Test
    void aSocketThatIsThereAgainIsCountedOnce() {
        openings.opened(1, new Opening(machine(10), Kind.ECHO, 0));
        openings.opened(1, new Opening(machine(11), Kind.ECHO, 0));
        openings.closed(1);
        openings.closed(1);
        open(machine(10), Kind.ECHO, Kind.ECHO.max - 1);
        assertThat(admits(10, Kind.ECHO)).isTrue();
    }

    /// A host that lets a process have few descriptors keeps some for the machines themselves.
    @Test
    void theHostsOwnLimitIsKept() {
        var few = new Openings(100);
        for (int i = 0; i < 75; i++) {
            few.opened(i, new Opening(machine(10 + i % 3), Kind.CONNECTION, 0));
        }
        assertThat(few.admits(new Opening(machine(10), Kind.CONNECTION, 0))).isFalse();
        assertThat(few.admits(new Opening(machine(20), Kind.CONNECTION, 0))).isTrue();
    }
}
