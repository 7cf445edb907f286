package holdfast.machine;

import java.nio.ByteBuffer;

/// The time of day. Parallel mode asks the outside each time; deterministic mode asks once in each life of the machine, and
/// counts guest time from there.
final class WallClock {
    private final ClockPort port;
    private final GuestClock clock;
    private final EventGate.Input input;
    private final boolean follow;
    private long offsetNanos;

    WallClock(ClockPort port, GuestClock clock, EventGate gate) {
        this.port = port;
        this.clock = clock;
        this.follow = clock instanceof HostPacedClock;
        this.input = gate.register("wall-clock", nothing -> {});
    }

    /// A new life: the time may have moved on without the guest.
    void set() {
        byte[] answer = input.ask(
                () -> ByteBuffer.allocate(Long.BYTES).putLong(port.epochNanos()).array());
        offsetNanos = ByteBuffer.wrap(answer).getLong() - clock.ticks() * GuestClock.NANOS_PER_TICK;
    }

    long epochNanos() {
        return follow ? port.epochNanos() : offsetNanos + clock.ticks() * GuestClock.NANOS_PER_TICK;
    }

    /// The guest time at which it will be `epochNanos`, as far as can be said now.
    long ticksAt(long epochNanos) {
        return clock.ticks() + Math.max(0, Math.ceilDiv(epochNanos - epochNanos(), GuestClock.NANOS_PER_TICK));
    }
}
