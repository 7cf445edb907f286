package holdfast.machine;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
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

    /// Writes the state of the paused machine to a stream, for another that has the same disks: no content of disks is
    /// noted. Needs [Capability#SAVE_DELTA] for changes only.
    void save(OutputStream out, SaveScope scope) throws IOException;

    /// Brings a paused machine to a state that was written to a stream: whole, or changes since the state it is in.
    ///
    /// @throws IOException when the state is damaged or does not fit; the machine is then lost and closed
    void apply(InputStream in) throws IOException;

    /// Begins to note which pages of memory change.
    DirtyHandle trackChanges();

    /// Waits until the machine halts; at once when it has.
    MachineEvent.Halt awaitHalt() throws InterruptedException;

    /// Adds a listener, called in order for every event from now on, on a thread of the machine; it must not block long.
    void listen(Consumer<MachineEvent> listener);

    /// Asks the guest to give back this much of its memory, in all; with 0 it may have everything again. How soon, and how
    /// much of it, is up to the guest: see [#balloonBytes]. The machine has been started.
    ///
    /// @param bytes 0 to the size of the memory, rounded down to whole pages
    void balloon(long bytes);

    /// How much memory the guest says it has given back.
    long balloonBytes();

    /// Plugs the network's cable in, or pulls it out: the guest sees the carrier come and go. The machine has been started.
    ///
    /// @throws IllegalArgumentException when the machine has no network device
    void link(boolean up);

    /// Makes a disk larger and tells the guest, which goes on using it meanwhile. The machine has been started.
    ///
    /// @param disk 0 is `vda`
    /// @param bytes the new size, no less than the old one and a multiple of the disk's logical block
    /// @throws holdfast.block.OperatorError when this disk cannot grow
    void growDisk(int disk, long bytes);

    Set<Capability> capabilities();

    State state();

    /// Instructions retired by all harts together since the machine was built (or the state it was restored from).
    long retired();

    /// Where the time of the harts has gone so far, in lines for a person to read; none unless the machine was configured to
    /// count. Exact while no hart runs, and after [#close].
    List<String> profile();

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
