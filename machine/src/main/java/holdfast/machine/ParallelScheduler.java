package holdfast.machine;

import holdfast.riscv.Hart;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// One platform thread a hart, in wall-clock time.
final class ParallelScheduler implements Scheduler {
    private static final long SLICE_INSTRUCTIONS = 50_000_000;
    private static final long SLICE_WATCHED_INSTRUCTIONS = 10_000;

    private final List<Core> cores;
    private final HostPacedClock clock;
    private final ParallelGate gate;
    private final PowerSwitch power;
    private final HostCommand toHost;
    private final List<Thread> threads = new ArrayList<>();

    private volatile boolean go;
    private boolean closed;
    private int standing;

    ParallelScheduler(
            List<Core> cores, HostPacedClock clock, ParallelGate gate, PowerSwitch power, HostCommand toHost) {
        this.cores = List.copyOf(cores);
        this.clock = clock;
        this.gate = gate;
        this.power = power;
        this.toHost = toHost;
        gate.onFailure(cause -> power.request(new PowerRequest.Failure(cause)));
        for (Core core : cores) {
            Thread thread = new HartThread(() -> live(core), "holdfast-" + core.name());
            core.onWake(() -> LockSupport.unpark(thread));
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    private void live(Core core) {
        while (awaitGo()) {
            try {
                while (go) {
                    turn(core);
                }
            } catch (Throwable e) {
                power.request(new PowerRequest.Failure(e));
                awaitStand();
            }
        }
    }

    private void turn(Core core) {
        if (!core.ready()) {
            idle(core);
            return;
        }
        core.hart().run(toHost.watching() ? SLICE_WATCHED_INSTRUCTIONS : SLICE_INSTRUCTIONS);
        toHost.look();
    }

    /// Another hart that is about to wake this one often does so at once, and a thread takes longer to fall asleep and be woken.
    private static final long SPIN_NANOS = 20_000;

    private boolean spins(Core core) {
        if (cores.size() == 1) {
            return false;
        }
        long end = System.nanoTime() + SPIN_NANOS;
        while (go && System.nanoTime() < end) {
            if (core.ready()) {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    /// A waker always leaves a permit, and a timer that has run out since the last look lets nobody park: nothing is missed.
    private void idle(Core core) {
        if (spins(core)) {
            return;
        }
        long nanos = clock.nanosUntil(core.readyAt());
        if (nanos > 0 && go) {
            LockSupport.parkNanos(this, nanos);
        }
    }

    private synchronized boolean awaitGo() {
        standing++;
        notifyAll();
        Uninterrupted.await(this, () -> go || closed);
        standing--;
        return !closed;
    }

    private synchronized void awaitStand() {
        Uninterrupted.await(this, () -> !go);
    }

    @Override
    public void run() {
        awaitAllStanding();
        clock.run();
        gate.open();
        synchronized (this) {
            go = true;
            notifyAll();
        }
    }

    @Override
    public void quiesce() {
        gate.shut();
    }

    @Override
    public void stand() {
        synchronized (this) {
            go = false;
            notifyAll();
        }
        for (Core core : cores) {
            core.hart().request();
        }
        awaitAllStanding();
        clock.stand();
    }

    private synchronized void awaitAllStanding() {
        Uninterrupted.await(this, () -> standing == threads.size());
    }

    @Override
    public long retired() {
        return cores.stream().map(Core::hart).mapToLong(Hart::retired).sum();
    }

    @Override
    public void close() {
        stand();
        gate.close();
        synchronized (this) {
            closed = true;
            notifyAll();
        }
    }
}
