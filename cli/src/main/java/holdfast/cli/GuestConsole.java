package holdfast.cli;

import holdfast.machine.ConsolePort;
import org.jspecify.annotations.Nullable;

/// The outside of the guest's serial line: what it shows goes to an outlet, what is typed comes from whoever reads the
/// keyboard; others may be shown it too, and type.
final class GuestConsole implements ConsolePort {
    private final Outlet shown;
    private ConsolePort others = (_, _, _) -> {};
    private volatile @Nullable Input input;

    GuestConsole(Outlet shown) {
        this.shown = shown;
    }

    /// Before the machine is built.
    void joinedBy(ConsolePort port) {
        others = port;
    }

    @Override
    public void output(byte[] bytes, int offset, int length) {
        others.output(bytes, offset, length);
        shown.write(bytes, offset, length);
    }

    @Override
    public void attach(Input attached) {
        input = attached;
        others.attach(attached);
    }

    /// Bytes for the guest; waits while it takes none.
    void type(byte[] bytes) throws InterruptedException {
        @Nullable Input to = input;
        if (to != null) {
            to.input(bytes);
        }
    }
}
