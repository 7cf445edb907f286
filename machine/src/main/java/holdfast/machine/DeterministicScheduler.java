package holdfast.machine;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All harts on one thread, taking turns of [#quantum]. Between two turns is a gate point; time when every
/// hart is idle is skipped. What happens is a function of the machine's state and of what the gate applies, whatever the
/// host does meanwhile.
final class DeterministicScheduler implements Scheduler {
    /// Long enough that a gate point (about 1 µs) does not count beside it, interpreted (100 µs) or translated (10 µs); short
    /// enough that a hart waits for another's answer no longer than for a slow interrupt.
    private static final long QUANTUM_INSTRUCTIONS = 10_000;

    /// Nobody waits for a lone hart. The last instructions of a turn, fewer than the next region has, are interpreted, which takes longer
    /// than the gate point; and what the outside sends is not to wait long, even if all of the turn is interpreted.
    private static final long QUANTUM_INSTRUCTIONS_ALONE = 50_000;

    /// How often a recording notes the digest, in turns.
    static final long RECORDED_DIGEST_TURNS = 256;

    private final List<Core> cores;
    private final long quantum;
    private final RetiredClock clock;
    private final TurnGate gate;
    private final PowerSwitch power;
    private final HostCommand toHost;
    private final @Nullable Recorder recorder;
    private final Digester digester;
    private final Thread thread;

    private boolean go;
    private boolean closed;
    private boolean standing;
    private volatile boolean interrupted;

    private long turn;
    private int next;
    /// The gate point of this turn is over, but not the turn: the machine was paused in between.
    private boolean pointDone;

    DeterministicScheduler(
            List<Core> cores,
            RetiredClock clock,
            TurnGate gate,
            PowerSwitch power,
            HostCommand toHost,
            @Nullable Recorder recorder,
            Digester digester) {
        this.cores = List.copyOf(cores);
        this.quantum = quantum(cores.size());
        this.clock = clock;
        this.gate = gate;
        this.power = power;
        this.toHost = toHost;
        this.recorder = recorder;
        this.digester = digester;
        // A hart that spins waits for one that does not run before its turn is over.
        cores.forEach(core -> core.hart().pauseEndsRun(true));
        this.thread = new HartThread(this::live, "holdfast-harts");
        thread.start();
    }

    /// Instructions of a turn.
    static long quantum(int harts) {
        return harts == 1 ? QUANTUM_INSTRUCTIONS_ALONE : QUANTUM_INSTRUCTIONS;
    }

    /// While the harts stand.
    void save(StateWriter out) throws IOException {
        out.writeLong(turn);
        out.writeInt(next);
        out.writeBoolean(pointDone);
    }

    void restore(StateReader in) throws IOException {
        turn = in.readLong();
        next = Math.floorMod(in.readInt(), cores.size());
        pointDone = in.readBoolean();
    }

    private void live() {
        while (awaitGo()) {
            try {
                clock.turn(next);
                while (!interrupted && !power.pressed()) {
                    takeTurn();
                }
            } catch (Throwable e) {
                power.request(new PowerRequest.Failure(e));
            }
            awaitStand();
        }
    }

    private void takeTurn() {
        if (!pointDone && !atGatePoint()) {
            return;
        }
        pointDone = false;
        Core core = nextReady();
        if (core == null) {
            skipIdle();
        } else {
            clock.turn(next);
            core.hart().run(quantum);
            toHost.look();
            next = (next + 1) % cores.size();
        }
        turn++;
    }

    /// @return false when the turn must not be taken now: the operator wants the machine to stand, or it was switched off or
    ///     reset, or its record has ended
    private boolean atGatePoint() {
        if (!gate.point(turn)) {
            return false;
        }
        digester.at(turn, clock.retired());
        if (gate instanceof ReplayGate replay) {
            ReplayGate.End end = replay.end(turn);
            if (end != ReplayGate.End.NOT_YET) {
                power.request(new PowerRequest.ReplayEnd(end == ReplayGate.End.COMPLETE));
                return false;
            }
        }
        pointDone = true;
        return !interrupted && !power.pressed();
    }

    /// The hart whose turn it is, or the first after it that can run; null when all are idle.
    private @Nullable Core nextReady() {
        for (int i = 0; i < cores.size(); i++) {
            int candidate = (next + i) % cores.size();
            if (cores.get(candidate).ready()) {
                next = candidate;
                return cores.get(candidate);
            }
        }
        return null;
    }

    private void skipIdle() {
        long deadline = gate.nextTicks();
        for (Core core : cores) {
            deadline = Math.min(deadline, core.readyAt());
        }
        if (deadline == Long.MAX_VALUE) {
            gate.awaitInput(turn);
        } else {
            clock.skipTo(deadline);
        }
    }

    private synchronized boolean awaitGo() {
        standing = true;
        notifyAll();
        Uninterrupted.await(this, () -> go || closed);
        standing = false;
        return !closed;
    }

    /// The guest is done with its power; somebody will notice and call [#stand].
    private synchronized void awaitStand() {
        Uninterrupted.await(this, () -> !go);
    }

    @Override
    public synchronized void run() {
        awaitStanding();
        interrupted = false;
        gate.patient();
        go = true;
        notifyAll();
    }

    @Override
    public void stand() {
        interrupted = true;
        gate.hurry();
        synchronized (this) {
            go = false;
            notifyAll();
            awaitStanding();
        }
    }

    @Override
    public void quiesce() {
        // Whatever comes waits for a gate point, and what is due stays due: a pause is invisible to the guest.
    }

    private synchronized void awaitStanding() {
        Uninterrupted.await(this, () -> standing);
    }

    @Override
    public long retired() {
        return clock.retired();
    }

    @Override
    public void close() {
        stand();
        if (recorder != null) {
            recorder.end(turn, clock.retired());
        }
        gate.close();
        synchronized (this) {
            closed = true;
            notifyAll();
        }
    }
}
