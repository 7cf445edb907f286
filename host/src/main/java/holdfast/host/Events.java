package holdfast.host;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// Tells whoever listens of every change of a machine, on the thread that makes it: a listener must not block.
final class Events {
    private final Set<Consumer<VmView>> listeners = ConcurrentHashMap.newKeySet();

    void tell(VmView now) {
        listeners.forEach(listener -> listener.accept(now));
    }

    /// @return ends the listening
    Runnable listen(Consumer<VmView> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }
}
