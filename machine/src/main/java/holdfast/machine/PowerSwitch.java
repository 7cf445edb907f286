package holdfast.machine;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Holds the first thing that was asked of the power until somebody deals with it. Thread-safe.
final class PowerSwitch {
    private final AtomicReference<@Nullable PowerRequest> pressed = new AtomicReference<>();
    private volatile Runnable onPress = () -> {};

    /// Who is told, on the thread that presses.
    void onPress(Runnable listener) {
        onPress = listener;
    }

    /// Ignored when something was asked before: a guest goes on for a few instructions after it has switched itself off.
    void request(PowerRequest request) {
        if (pressed.compareAndSet(null, request)) {
            onPress.run();
        }
    }

    boolean pressed() {
        return pressed.get() != null;
    }

    /// What was asked, and forgets it.
    @Nullable PowerRequest take() {
        return pressed.getAndSet(null);
    }
}
