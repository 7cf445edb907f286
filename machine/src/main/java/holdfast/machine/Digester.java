package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Computes digests at the turns where somebody wants one: a listener, a recording, or a replay that is compared with its
/// record. Nothing is computed when nobody does.
final class Digester implements AutoCloseable {
    private final PhysicalMemory memory;
    private final List<Core> cores;
    private final @Nullable Recorder recorder;
    private final @Nullable ReplayGate replay;
    private @Nullable StateDigest state;
    private @Nullable QuantumListener listener;
    private long listenerTurns = 1;

    Digester(
            PhysicalMemory memory, List<Core> cores, @Nullable Recorder recorder, @Nullable ReplayGate replay) {
        this.memory = memory;
        this.cores = cores;
        this.recorder = recorder;
        this.replay = replay;
    }

    /// Tells somebody at every `everyTurns`-th turn. While no hart runs.
    void listen(long everyTurns, QuantumListener someone) {
        listenerTurns = everyTurns;
        listener = someone;
    }

    void at(long turn, long retired) {
        QuantumListener told = turn % listenerTurns == 0 ? listener : null;
        boolean recorded = turn % DeterministicScheduler.RECORDED_DIGEST_TURNS == 0 && (recorder != null || replay != null);
        if (told == null && !recorded) {
            return;
        }
        long digest = digest();
        if (recorded) {
            note(turn, retired, digest);
        }
        if (told != null) {
            told.quantum(turn, retired, digest);
        }
    }

    private void note(long turn, long retired, long digest) {
        if (recorder != null) {
            byte[] payload = ByteBuffer.allocate(Long.BYTES).putLong(digest).array();
            recorder.event(new RecordedEvent(RecordedEvent.Kind.DIGEST, turn, retired, 0, 0, payload));
        }
        RecordedEvent recorded = replay == null ? null : replay.digestAt(turn);
        if (recorded != null
                && (recorded.retired() != retired || ByteBuffer.wrap(recorded.payload()).getLong() != digest)) {
            throw new Divergence("the state at turn " + turn + " after " + retired
                    + " instructions differs from the recorded one; the turns since "
                    + Math.max(0, turn - DeterministicScheduler.RECORDED_DIGEST_TURNS) + " hold the cause");
        }
    }

    /// The digest now. While no hart runs, or on the hart's thread.
    long digest() {
        StateDigest running = state;
        if (running == null) {
            running = new StateDigest(memory, cores);
            state = running;
        }
        return running.value();
    }

    @Override
    public void close() {
        if (state != null) {
            state.close();
        }
    }
}
