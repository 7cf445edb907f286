package holdfast.cli;

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

    /// A thread of ours has failed.
    record Broken(Throwable cause) implements Ending {}
}
