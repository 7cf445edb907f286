package holdfast.cli;

import java.io.IOException;
import java.util.EnumSet;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.ControlChar;
import org.jline.terminal.Attributes.InputFlag;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Attributes.OutputFlag;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.Signals;

/// The terminal this process was started on, lent to a guest: raw while it lives, as it was afterwards.
final class Tty implements AutoCloseable {
    private final Terminal terminal;
    private final Attributes original;
    private final Attributes raw;
    private boolean lent;
    private boolean restored;

    /// Opens the terminal on standard input; its modes stay as they are until [#lend].
    Tty() throws IOException {
        terminal = TerminalBuilder.builder()
                .system(true)
                .provider("ffm")
                .dumb(false)
                .nativeSignals(false)
                .graphemeCluster(false)
                .build();
        original = terminal.getAttributes();
        raw = raw(original);
    }

    /// What cfmakeraw(3) does: every key reaches the guest as it is, ^C too, and the guest's own terminal line has
    /// already made its line feeds what a terminal wants.
    private static Attributes raw(Attributes from) {
        var raw = new Attributes(from);
        raw.setInputFlags(
                EnumSet.of(
                        InputFlag.IGNBRK, InputFlag.BRKINT, InputFlag.PARMRK, InputFlag.ISTRIP,
                        InputFlag.INLCR, InputFlag.IGNCR, InputFlag.ICRNL, InputFlag.IXON),
                false);
        raw.setOutputFlag(OutputFlag.OPOST, false);
        raw.setLocalFlags(
                EnumSet.of(LocalFlag.ECHO, LocalFlag.ECHONL, LocalFlag.ICANON, LocalFlag.ISIG, LocalFlag.IEXTEN), false);
        raw.setControlChar(ControlChar.VMIN, 1);
        raw.setControlChar(ControlChar.VTIME, 0);
        return raw;
    }

    /// Gives every key to the guest from now on, also after this process was stopped and continued.
    synchronized void lend() {
        lent = true;
        terminal.setAttributes(raw);
        Signals.register("CONT", this::lendAgain);
    }

    private synchronized void lendAgain() {
        if (!restored) {
            terminal.setAttributes(raw);
        }
    }

    /// Whether the terminal is raw: then a line ends with a carriage return, too.
    synchronized boolean isLent() {
        return lent && !restored;
    }

    /// Calls back, on a thread of the JVM, when the window's size has changed.
    void onResize(Runnable changed) {
        Signals.register("WINCH", changed);
    }

    Size size() {
        return terminal.getSize();
    }

    /// Puts the modes back. Called on every way out, also by several at once.
    synchronized void restore() {
        if (!restored) {
            restored = true;
            try {
                terminal.setAttributes(original);
            } catch (IllegalStateException closedByItsOwnHook) {
                // JLine's shutdown hook was quicker, and has put the same modes back.
            }
        }
    }

    @Override
    public void close() {
        restore();
    }
}
