package holdfast.cli;

import holdfast.machine.ConsolePort;
import org.jspecify.annotations.Nullable;

/// The outside of the guest's serial line: what it shows goes to an outlet, what is typed comes from whoever reads the
/// keyboard.
final class GuestConsole implements ConsolePort {
    private final Outlet shown;
    private volatile @Nullable Input input;

    GuestConsole(Outlet shown) {
        this.shown = shown;
    }

    @Override
    public void output(byte[] bytes, int offset, int length) {
        shown.write(bytes, offset, length);
    }

    @Override
    public void attach(Input attached) {
        input = attached;
    }

    /// Bytes for the guest; waits while it takes none.
    void type(byte[] bytes) throws InterruptedException {
        @Nullable Input to = input;
        if (to != null) {
            to.input(bytes);
        }
    }
}
