package holdfast.cli;

import holdfast.machine.Machine;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Leaving a machine that runs, by ^] or by a signal: its state is saved if that was asked for. At most once, whoever comes first.
final class Departure {
    private final Machine machine;
    private final @Nullable Path saveTo;
    private boolean done;

    Departure(Machine machine, @Nullable Path saveTo) {
        this.machine = machine;
        this.saveTo = saveTo;
    }

    /// The run ends in another way: nothing is left to save.
    synchronized void none() {
        done = true;
    }

    /// @return the file that now has the machine's state; null when none was asked for
    /// @throws holdfast.block.OperatorError when it cannot be written
    synchronized @Nullable Path leave() {
        if (done || saveTo == null) {
            return null;
        }
        done = true;
        machine.pause();
        machine.save(saveTo);
        return saveTo;
    }
}
