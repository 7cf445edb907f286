package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.machine.GuestAgent;
import holdfast.machine.GuestAgentException;
import holdfast.machine.GuestExec;
import holdfast.machine.Machine;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A guest in this process, as far as those reach it who ask at a control socket.
interface LiveGuest {
    Machine machine();

    ConsoleHub console();

    /// @throws OperatorError when it takes no commands
    GuestExec exec();

    /// Goes on where it was saved, or begins.
    void start();

    /// Gives the guest what it is to have of the host's, as soon as it takes commands.
    ///
    /// @return completes then, with what was wrong; empty when nothing was
    CompletableFuture<String> mount();

    /// Asks the guest to stop by itself, and maybe to start again.
    ///
    /// @throws OperatorError when nobody in it takes that
    void shutDown(GuestAgent.Shutdown mode) throws InterruptedException;

    /// Changes its size while it runs.
    ///
    /// @throws OperatorError when it cannot be that large
    void resize(Requests.Resize size);

    /// Writes the machine's state, whole and durably; it is paused then.
    ///
    /// @throws OperatorError when that cannot be done
    void save();

    /// @throws OperatorError when nothing may come to it but what its own command gives it
    default void requireInput() {}

    /// What it is made of, if a command has it in the foreground; null: the daemon knows.
    default @Nullable VmSpec spec() {
        return null;
    }

    /// Asks an agent to stop its guest.
    static void shutDown(GuestAgent agent, GuestAgent.Shutdown mode) throws InterruptedException {
        try {
            agent.shutdown(mode);
        } catch (GuestAgentException | TimeoutException e) {
            throw new OperatorError(
                    "the guest", "was not asked to stop, since its agent does not take it: " + e.getMessage(), "cut its power with --force");
        }
    }
}
