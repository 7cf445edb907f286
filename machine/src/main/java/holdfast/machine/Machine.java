package holdfast.machine;

import java.nio.file.Path;
import java.util.Set;
import java.util.function.Consumer;

/// A virtual computer, whatever the engine.
///
/// ```
/// NEW → start → RUNNING ⇄ pause, resume ⇄ PAUSED        NEW → restore → PAUSED
/// RUNNING → (the guest's doing) → HALTED → reset → RUNNING          any → close → CLOSED
/// ```
///
/// Methods may be called on any thread but not from a listener or a port. A call that does not fit the state is an
/// [IllegalStateException].
public interface Machine extends AutoCloseable {
    /// Loads the kernel and lets the harts run.
    ///
    /// @throws holdfast.block.OperatorError when kernel, initrd or firmware cannot be used
    void start();

    /// Stops all harts at an instruction boundary and leaves every device quiet. Does nothing while paused.
    void pause();

    /// Goes on after [#pause] or [#restore].
    void resume();

    /// Power-on reset by the operator: the kernel is loaded again.
    void reset();

    /// Writes the state of the paused machine to a file, whole and durably, or not at all.
    ///
    /// @throws holdfast.block.OperatorError when the file cannot be written
    void save(Path file);

    /// Reads what [#save] wrote into a machine that was not started; it is paused then.
    ///
    /// @throws holdfast.block.OperatorError when the file is damaged, belongs to a machine of another shape, or a disk is
    ///     not as it was
    void restore(Path file);

    /// Waits until the machine halts; at once when it has.
    MachineEvent.Halt awaitHalt() throws InterruptedException;

    /// Adds a listener, called in order for every event from now on, on a thread of the machine; it must not block long.
    void listen(Consumer<MachineEvent> listener);

    Set<Capability> capabilities();

    State state();

    /// Instructions retired by all harts together since the machine was built (or the state it was restored from).
    long retired();

    /// Stops harts and devices and releases memory and files; ports and disks stay the caller's. A second call does nothing.
    @Override
    void close();

    enum State {
        NEW,
        RUNNING,
        PAUSED,
        HALTED,
        CLOSED
    }
}
