package holdfast.cli;

import java.io.PrintWriter;
import java.util.List;

/// Lines that are shown again and again in the same place of a terminal.
final class Screen {
    private static final String HOME = "\033[H";
    private static final String REST_OF_LINE = "\033[K";
    private static final String REST_OF_SCREEN = "\033[J";
    private static final String ALL = "\033[2J";

    private final PrintWriter out;
    private boolean begun;

    Screen(PrintWriter out) {
        this.out = out;
    }

    /// Whether standard output is one that can do this.
    static boolean isThere() {
        return Stdio.OUT.isTerminal() && !"dumb".equals(System.getenv("TERM"));
    }

    /// @return false when nobody sees it any more
    boolean show(List<String> lines) {
        out.print(begun ? HOME : ALL + HOME);
        begun = true;
        for (String line : lines) {
            out.print(line + REST_OF_LINE + System.lineSeparator());
        }
        out.print(REST_OF_SCREEN);
        out.flush();
        return !out.checkError();
    }
}
