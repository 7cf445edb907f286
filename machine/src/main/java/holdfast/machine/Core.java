package holdfast.machine;

import holdfast.riscv.Hart;
import holdfast.riscv.Privilege;
import java.io.IOException;

/// A hart and whether it runs, as SBI's hart state management has it (SBI specification 2.0, chapter 9).
///
/// ```
/// STOPPED → start → START_PENDING → (its own thread) → STARTED → stop → STOPPED
/// STARTED → suspend → SUSPENDED → (an interrupt) → STARTED
/// ```
final class Core implements Lifecycle {
    enum State {
        STARTED(0),
        STOPPED(1),
        START_PENDING(2),
        SUSPENDED(4);

        final int encoding;

        State(int encoding) {
            this.encoding = encoding;
        }
    }

    private final Hart hart;
    private State state = State.STOPPED;
    private static final long BEHIND_THE_CALL = -1;

    /// Where a pending start or a suspension goes on, and with what in a1.
    private long resumeAt;

    private long opaque;
    private volatile Runnable wake = () -> {};

    Core(Hart hart) {
        this.hart = hart;
    }

    Hart hart() {
        return hart;
    }

    synchronized State state() {
        return state;
    }

    /// Who is told when the hart may have to run; also by interrupts.
    void onWake(Runnable action) {
        wake = action;
        hart.onWake(action);
    }

    /// Runs from power-on.
    synchronized void powerOn() {
        state = State.STARTED;
    }

    /// Another hart starts this one.
    ///
    /// @return false when it is not stopped
    boolean start(long address, long argument) {
        synchronized (this) {
            if (state != State.STOPPED) {
                return false;
            }
            state = State.START_PENDING;
            resumeAt = address;
            opaque = argument;
        }
        wake.run();
        return true;
    }

    /// The hart stops itself.
    synchronized void stop() {
        state = State.STOPPED;
        hart.halt();
    }

    /// The hart suspends itself until an interrupt, and then goes on behind the call.
    void suspend() {
        suspend(BEHIND_THE_CALL, 0);
    }

    /// The hart suspends itself until an interrupt, and then goes on at `address`, as if started.
    synchronized void suspend(long address, long argument) {
        state = State.SUSPENDED;
        resumeAt = address;
        opaque = argument;
        hart.halt();
    }

    /// On the hart's thread: makes it ready to run if there is reason to.
    ///
    /// @return whether it can run now
    synchronized boolean ready() {
        switch (state) {
            case STOPPED -> {
                return false;
            }
            case START_PENDING -> enter();
            case SUSPENDED -> {
                if (!hart.wakeable()) {
                    return false;
                }
                if (resumeAt == BEHIND_THE_CALL) {
                    hart.proceed();
                } else {
                    enter();
                }
            }
            case STARTED -> {
                return !hart.halted() && (!hart.waiting() || hart.wakeable());
            }
        }
        state = State.STARTED;
        return true;
    }

    /// As SBI starts a hart: S-mode, translation and interrupts off, a0 the hart's id, a1 the caller's argument.
    private void enter() {
        hart.reset(resumeAt, Privilege.SUPERVISOR);
        hart.x(10, hart.id());
        hart.x(11, opaque);
    }

    /// Earliest guest time at which it can run without being woken by others; not in the future when it can run now.
    synchronized long readyAt() {
        return switch (state) {
            case STOPPED -> Long.MAX_VALUE;
            case STARTED -> hart.halted() ? Long.MAX_VALUE : hart.wakesAt();
            case START_PENDING -> 0;
            case SUSPENDED -> hart.wakesAt();
        };
    }

    @Override
    public String name() {
        return "hart" + hart.id();
    }

    @Override
    public synchronized void reset() {
        state = State.STOPPED;
        hart.reset(AddressMap.RAM, Privilege.MACHINE);
    }

    @Override
    public synchronized void save(StateWriter out) throws IOException {
        out.writeUTF(state.name());
        out.writeLong(resumeAt);
        out.writeLong(opaque);
        hart.save(out);
    }

    @Override
    public synchronized void restore(StateReader in) throws IOException {
        String saved = in.readUTF();
        try {
            state = State.valueOf(saved);
        } catch (IllegalArgumentException e) {
            throw new IOException("a saved hart is in the unknown state " + saved, e);
        }
        resumeAt = in.readLong();
        opaque = in.readLong();
        hart.restore(in);
    }
}
