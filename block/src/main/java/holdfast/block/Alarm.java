package holdfast.block;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/// Calls back later.
@FunctionalInterface
public interface Alarm {
    void after(Duration duration, Runnable action);

    /// By the host's clock, each action on a virtual thread.
    static Alarm wallClock() {
        return (duration, action) -> {
            Executor later =
                    CompletableFuture.delayedExecutor(duration.toNanos(), TimeUnit.NANOSECONDS, Thread::startVirtualThread);
            later.execute(action);
        };
    }
}
