package holdfast.host;

import holdfast.block.Alarm;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Starts machines again that have ended, as their policies say: at first after [#FIRST], then each time after twice as long, up to [#LONGEST];
/// one that has run for as long as that begins anew. It sees what becomes of machines as every listener to [Events] does.
final class Restarts {
    static final Duration FIRST = Duration.ofSeconds(1);
    static final Duration LONGEST = Duration.ofMinutes(1);

    private static final System.Logger LOG = System.getLogger(Restarts.class.getName());

    private final Alarm alarm;
    private final LongSupplier nanoTime;
    private final Starter starter;

    /// Since when each has had a process, by its id.
    private final Map<String, Long> up = new ConcurrentHashMap<>();

    private final Map<String, Duration> waits = new ConcurrentHashMap<>();

    /// Starts a machine, if it has not been started or removed meanwhile, and still is to be.
    interface Starter {
        /// @return false when it could not be begun, and is to be tried again
        boolean start(String id, long generation);
    }

    Restarts(Alarm alarm, LongSupplier nanoTime, Starter starter) {
        this.alarm = alarm;
        this.nanoTime = nanoTime;
        this.starter = starter;
    }

    /// It had a process when the last daemon ended.
    void found(String id) {
        up.put(id, nanoTime.getAsLong());
    }

    /// It waited to be started again when the last daemon ended.
    void left(String id, long generation) {
        again(id, generation);
    }

    /// How a machine is now.
    void seen(VmView vm) {
        switch (vm.state()) {
            case "starting", "running", "paused", "unresponsive", "ending" -> up.putIfAbsent(vm.id(), nanoTime.getAsLong());
            case "stopped", "saved" -> {
                @Nullable Long since = up.remove(vm.id());
                if (since != null) {
                    ended(vm, Duration.ofNanos(nanoTime.getAsLong() - since));
                }
            }
            case "removing" -> {
                up.remove(vm.id());
                waits.remove(vm.id());
            }
            default -> {}
        }
    }

    private void ended(VmView vm, Duration ran) {
        if (!vm.restarting()) {
            return;
        }
        if (ran.compareTo(LONGEST) >= 0) {
            waits.remove(vm.id());
        }
        LOG.log(Level.INFO, vm.name() + " has ended: " + vm.ended());
        again(vm.id(), vm.generation());
    }

    private void again(String id, long generation) {
        Duration wait = waits.compute(id, (_, last) -> last == null ? FIRST : longer(last));
        alarm.after(wait, () -> {
            if (!starter.start(id, generation)) {
                again(id, generation);
            }
        });
    }

    private static Duration longer(Duration wait) {
        Duration twice = wait.multipliedBy(2);
        return twice.compareTo(LONGEST) > 0 ? LONGEST : twice;
    }
}
