package holdfast.cli;

import java.io.PrintStream;

/// The question that ^] asks, on a raw terminal, with the guest's output held meanwhile so that it stays readable.
final class EscapeQuestion {
    private final PrintStream terminal;
    private final Outlet shown;
    private final Runnable end;

    EscapeQuestion(PrintStream terminal, Outlet shown, Runnable end) {
        this.terminal = terminal;
        this.shown = shown;
        this.end = end;
    }

    void ask() {
        shown.hold(true);
        say("\r\nEnd the VM? [y/N] ");
    }

    void no() {
        say("no\r\n");
        shown.hold(false);
    }

    void yes() {
        say("yes\r\n");
        shown.hold(false);
        end.run();
    }

    private void say(String text) {
        terminal.print(text);
        terminal.flush();
    }
}
