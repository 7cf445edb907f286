package holdfast.fuzz;

import java.util.ResourceBundle;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// What goes wrong on the product's own threads while an input is tried: what nobody caught, and what was logged as a fault
/// of ours ([System.Logger.Level#ERROR]). The JVM finds this class as a service.
public final class Faults extends System.LoggerFinder {
    private static final AtomicReference<@Nullable Throwable> FIRST = new AtomicReference<>();

    /// Hears of what no thread catches, from now on.
    static void listen() {
        Thread.setDefaultUncaughtExceptionHandler((thread, fault) -> note("thread " + thread.getName(), fault));
    }

    static void note(String where, @Nullable Throwable cause) {
        FIRST.compareAndSet(null, new AssertionError(where, cause));
    }

    /// @throws AssertionError about the first fault since the last call
    static void raise() {
        Throwable fault = FIRST.getAndSet(null);
        if (fault != null) {
            throw new AssertionError("a fault on another thread", fault);
        }
    }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Listening(name);
    }

    /// Says nothing, since a fuzzer makes a warning of nearly every input.
    private record Listening(String name) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return level == Level.ERROR;
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, String message, @Nullable Throwable thrown) {
            if (isLoggable(level)) {
                note(name + ": " + message, thrown);
            }
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, String format, @Nullable Object... parameters) {
            if (isLoggable(level)) {
                note(name + ": " + format, null);
            }
        }
    }
}
