package holdfast.riscv;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// How other threads get something done inside a hart: between two of its instructions, or at once while it is not
/// running. This is what remote fences and the revoking of mappings are made of.
final class Mailbox {
    private static final int SPINS = 200;

    private final ArrayDeque<Task> tasks = new ArrayDeque<>();
    private boolean running;
    private volatile boolean pending;

    private static final class Task {
        final Runnable action;
        volatile boolean done;

        Task(Runnable action) {
            this.action = action;
        }
    }

    boolean pending() {
        return pending;
    }

    /// The hart starts to run: from now on tasks wait for [#service].
    synchronized void enter() {
        running = true;
        service();
    }

    synchronized void leave() {
        service();
        running = false;
    }

    /// Does what has been asked. On the hart's thread, at an instruction boundary or inside a slow path.
    void service() {
        if (!pending) {
            return;
        }
        synchronized (this) {
            for (Task task = tasks.poll(); task != null; task = tasks.poll()) {
                task.action.run();
                task.done = true;
            }
            pending = false;
        }
    }

    /// Has `action` done in this mailbox's hart; returns when it is done.
    ///
    /// @param self the hart on whose thread the caller is, null on other threads; while it waits it serves its own
    ///     mailbox, so that two harts may call each other
    void call(Runnable action, @Nullable Hart self) {
        Task task = new Task(action);
        synchronized (this) {
            if (!running || self != null && self.mailbox == this) {
                action.run();
                return;
            }
            tasks.add(task);
            pending = true;
        }
        for (int spins = 0; !task.done; spins++) {
            if (self != null) {
                self.mailbox.service();
            }
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }
}
