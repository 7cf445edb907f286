package holdfast.machine;

import holdfast.riscv.TimeSource;
import org.jspecify.annotations.Nullable;

/// The three that belong together in each scheduling mode: clock, gate, and what is written down or fed.
sealed interface Timing extends AutoCloseable {
    GuestClock clock();

    EventGate gate();

    TimeSource time(int hart);

    /// What waits in the gate.
    PendingInputs pendingInputs();

    /// Releases what the gate holds.
    @Override
    void close();

    record Parallel(HostPacedClock clock, ParallelGate gate) implements Timing {
        @Override
        public TimeSource time(int hart) {
            return clock;
        }

        @Override
        public PendingInputs pendingInputs() {
            return gate;
        }

        @Override
        public void close() {
            gate.close();
        }
    }

    record Deterministic(
            RetiredClock clock, TurnGate gate, @Nullable Recorder recorder, @Nullable ReplayGate replay)
            implements Timing {
        @Override
        public TimeSource time(int hart) {
            return clock.source(hart);
        }

        @Override
        public PendingInputs pendingInputs() {
            return gate;
        }

        @Override
        public void close() {
            gate.close();
        }
    }

    /// @param configDigest what the machine is built from, for a record
    static Timing of(MachineConfig config, byte[] configDigest) {
        if (config.mode() == SchedulingMode.PARALLEL) {
            HostPacedClock clock = new HostPacedClock();
            return new Parallel(clock, new ParallelGate(clock));
        }
        RetiredClock clock = new RetiredClock(config.harts());
        if (config.replay() != null) {
            ReplayGate gate = new ReplayGate(clock, RecordReader.open(config.replay(), configDigest));
            return new Deterministic(clock, gate, null, gate);
        }
        Recorder recorder =
                config.record() == null ? null : Recorder.create(config.record(), configDigest, config.seed());
        return new Deterministic(clock, new LiveGate(clock, recorder), recorder, null);
    }
}
