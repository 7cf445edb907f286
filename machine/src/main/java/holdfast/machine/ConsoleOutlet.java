package holdfast.machine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A console port as a device sees it: what is behind it can be replaced while the machine is paused, its output is held
/// and tapped with the machine's other outputs.
final class ConsoleOutlet implements ConsolePort {
    private final Outputs.Source source;
    private volatile ConsolePort target;
    private volatile @Nullable Input input;

    ConsoleOutlet(String name, ConsolePort target, Outputs outputs) {
        this.target = target;
        this.source = outputs.register(name, bytes -> this.target.output(bytes, 0, bytes.length));
    }

    @Override
    public void output(byte[] bytes, int offset, int length) {
        if (source.passes()) {
            target.output(bytes, offset, length);
        } else {
            source.emit(Arrays.copyOfRange(bytes, offset, offset + length));
        }
    }

    @Override
    public void guestOpen(boolean open) {
        target.guestOpen(open);
    }

    @Override
    public void attach(Input in) {
        input = in;
        target.attach(in);
    }

    /// While the machine is paused.
    void replace(ConsolePort other) {
        target = other;
        Input in = input;
        if (in != null) {
            other.attach(in);
        }
    }
}
