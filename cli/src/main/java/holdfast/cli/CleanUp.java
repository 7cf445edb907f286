package holdfast.cli;

import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Deque;

/// What a run has to put back, last thing first, exactly once: at its end, or when a signal ends the JVM, which then exits with
/// 128 + the signal's number.
public final class CleanUp implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(CleanUp.class.getName());

    private final Deque<AutoCloseable> steps = new ArrayDeque<>();
    private final Thread hook = new Thread(this::signalled, "clean-up");
    private volatile Runnable onSignal = () -> {};
    private boolean closed;

    public CleanUp() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// What to do first when a signal ends the JVM; it must do nothing when the run has ended by itself.
    public void onSignal(Runnable first) {
        onSignal = first;
    }

    private void signalled() {
        try {
            onSignal.run();
        } finally {
            closeSteps();
        }
    }

    /// Adds a step. When everything was put back already, this one is at once.
    public synchronized <T extends AutoCloseable> T add(T step) {
        if (closed) {
            close(step);
        } else {
            steps.push(step);
        }
        return step;
    }

    /// Also called while another thread is at it; then returns when that has finished.
    @Override
    public void close() {
        closeSteps();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException signalled) {
            LOG.log(Level.DEBUG, "a signal came at the end");
        }
    }

    private synchronized void closeSteps() {
        closed = true;
        while (!steps.isEmpty()) {
            close(steps.pop());
        }
    }

    private static void close(AutoCloseable step) {
        // One step's failure must not keep the others from being done.
        try {
            step.close();
        } catch (Exception e) {
            LOG.log(Level.WARNING, "while cleaning up: " + e.getMessage());
            LOG.log(Level.DEBUG, "while cleaning up", e);
        }
    }
}
