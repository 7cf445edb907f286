package holdfast.machine;

import java.util.List;

/// What happens to a machine, in order, with the reason of every halt.
public sealed interface MachineEvent {
    /// Instructions retired by all harts together when it happened.
    long retired();

    /// The harts run: for the first time, or again after [Paused].
    record Running(long retired) implements MachineEvent {}

    /// All harts stand at an instruction boundary and every device is quiet.
    record Paused(long retired) implements MachineEvent {}

    /// The guest has asked for a reset and starts again.
    record Rebooted(long retired) implements MachineEvent {}

    /// The machine has stopped for good: only [Machine#reset] or [Machine#close] lead on.
    sealed interface Halt extends MachineEvent {}

    /// The guest has switched the power off.
    record PoweredOff(long retired) implements Halt {}

    /// The guest's kernel has panicked: it said so on its console and then reset.
    ///
    /// @param lastLines the console's last lines, from before the panic to the end
    record GuestPanicked(long retired, List<String> lastLines) implements Halt {}

    /// Every hart has stopped itself, and no interrupt starts a stopped hart.
    record HartsStopped(long retired) implements Halt {}

    /// A bare program stored to its `tohost` word.
    ///
    /// @param value the exit code, the word shifted right by one
    record ToHost(long retired, long value) implements Halt {}

    /// The replayed record has come to its end.
    ///
    /// @param complete false when the record was cut off, so that the run it came from may have gone on
    record ReplayEnded(long retired, boolean complete) implements Halt {}

    /// The replay has left the recorded path.
    ///
    /// @param what what differed, with the count at which it did
    record Diverged(long retired, String what) implements Halt {}

    /// An invariant of ours broke: this machine is lost, others go on.
    record Failed(long retired, Throwable cause) implements Halt {}

    /// [Machine#close] ended it.
    record Closed(long retired) implements Halt {}
}
