package holdfast.cli;

import holdfast.machine.Machine;
import java.util.ArrayList;
import java.util.List;

/// What is done with a machine when its run ends, by the guest's doing, by ^] or by a signal: once, by whoever comes first.
final class Departure {
    private final Machine machine;
    private final Keepsakes keepsakes;
    private final BackgroundInitialization initialization;
    private boolean done;

    Departure(Machine machine, Keepsakes keepsakes, BackgroundInitialization initialization) {
        this.machine = machine;
        this.keepsakes = keepsakes;
        this.initialization = initialization;
    }

    /// @param running whether the guest was still going on, so that there is a state to save
    /// @return what to tell the user
    /// @throws holdfast.block.OperatorError when something that was to be kept cannot be
    synchronized List<String> depart(boolean running) {
        if (done) {
            return List.of();
        }
        done = true;
        initialization.close();
        var told = new ArrayList<>(keepsakes.take(machine, running));
        told.addAll(machine.profile());
        return told;
    }
}
