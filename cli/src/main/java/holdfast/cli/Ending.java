package holdfast.cli;

import holdfast.host.ForegroundVm;
import holdfast.machine.MachineEvent;

/// Why a run is over.
sealed interface Ending {
    /// The machine has halted by itself.
    record Halted(MachineEvent.Halt halt) implements Ending {}

    /// The person at the terminal has answered ^] with yes.
    record Left() implements Ending {}

    /// The command of `--exec` has ended.
    record CommandEnded(int exitCode) implements Ending {}

    /// The guest cannot say any more how the command of `--exec` ended.
    record CommandLost(String why) implements Ending {}

    /// Whoever read standard output has gone.
    record OutputClosed() implements Ending {}

    /// Somebody has cut the machine's power by the daemon.
    record PowerCut() implements Ending {}

    /// A thread of ours has failed.
    record Broken(Throwable cause) implements Ending {}

    /// Whether the guest was still going on, so that there is a state to save, when an operator ended it.
    default boolean isOperators() {
        return this instanceof Left || this instanceof PowerCut;
    }

    /// For others who look at the machine.
    default void tell(ForegroundVm vm) {
        switch (this) {
            case Halted(MachineEvent.Halt halt) -> vm.end(halt);
            case Left _ -> vm.end("it was ended at its terminal");
            case CommandEnded(int exitCode) -> vm.end("its command has ended, with exit code " + exitCode);
            case CommandLost _ -> vm.end("its command is lost");
            case OutputClosed _ -> vm.end("the reader of its output has gone");
            case PowerCut _ -> vm.end("its power was cut");
            case Broken _ -> vm.end("its run has failed");
        }
    }
}
