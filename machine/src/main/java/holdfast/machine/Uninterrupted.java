package holdfast.machine;

import java.util.function.BooleanSupplier;

/// Waiting that an interrupt does not end: for harts' threads, which end in their own way, and for calls that must not
/// leave a machine half stopped.
final class Uninterrupted {
    private Uninterrupted() {}

    /// Waits on a monitor, which the caller holds, until the condition is true. An interrupt is passed on afterwards.
    static void await(Object monitor, BooleanSupplier condition) {
        boolean interrupted = false;
        synchronized (monitor) {
            while (!condition.getAsBoolean()) {
                try {
                    monitor.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
