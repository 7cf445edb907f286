package holdfast.cli;

import holdfast.machine.GuestCommand;
import holdfast.machine.GuestCommand.Stdin;
import holdfast.machine.GuestExec;
import java.util.concurrent.atomic.AtomicReference;
import org.jline.terminal.Size;
import org.jspecify.annotations.Nullable;

/// Tells the guest how large the terminal is. A serial line cannot, so `stty` in the guest does, which also makes the guest's
/// programs draw themselves anew.
final class GuestWindow {
    private final GuestExec exec;
    private final Tty tty;
    private final AtomicReference<GuestExec.@Nullable Execution> last = new AtomicReference<>();

    GuestWindow(GuestExec exec, Tty tty) {
        this.exec = exec;
        this.tty = tty;
    }

    /// Called when the size is first known and whenever it has changed; a size that was not told yet is replaced.
    void tell() {
        Size size = tty.size();
        if (size.getRows() <= 0 || size.getColumns() <= 0) {
            return;
        }
        String command = "stty -F /dev/ttyS0 rows " + size.getRows() + " cols " + size.getColumns();
        GuestCommand.Sink nowhere = (bytes, offset, length) -> {};
        GuestExec.@Nullable Execution earlier =
                last.getAndSet(exec.start(new GuestCommand(command, new Stdin.Empty(), nowhere, nowhere)));
        if (earlier != null) {
            exec.kill(earlier);
        }
    }
}
