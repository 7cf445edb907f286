package holdfast.machine;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;

/// Reads along what the guest says on its console, to tell a panic from a reboot. Linux says "Kernel panic - not syncing",
/// then (with `panic=-1` on its command line) resets.
final class PanicWatch {
    private static final String SIGN = "Kernel panic - not syncing";
    private static final int LINES_MAX = 40;
    private static final int LINE_CHARACTERS_MAX = 500;

    private final ArrayDeque<String> lines = new ArrayDeque<>();
    private final StringBuilder line = new StringBuilder();
    private boolean panicked;

    /// The port, with the watch in front of it.
    ConsolePort before(ConsolePort port) {
        return new ConsolePort() {
            @Override
            public void output(byte[] bytes, int offset, int length) {
                watch(bytes, offset, length);
                port.output(bytes, offset, length);
            }

            @Override
            public void guestOpen(boolean open) {
                port.guestOpen(open);
            }

            @Override
            public void attach(Input input) {
                port.attach(input);
            }
        };
    }

    private synchronized void watch(byte[] bytes, int offset, int length) {
        for (char character : new String(bytes, offset, length, StandardCharsets.ISO_8859_1).toCharArray()) {
            if (character == '\n') {
                endLine();
            } else if (character >= ' ' && line.length() < LINE_CHARACTERS_MAX) {
                line.append(character);
            }
        }
    }

    private void endLine() {
        String whole = line.toString();
        line.setLength(0);
        panicked |= whole.contains(SIGN);
        lines.addLast(whole);
        if (lines.size() > LINES_MAX) {
            lines.removeFirst();
        }
    }

    synchronized boolean panicked() {
        return panicked;
    }

    synchronized List<String> lastLines() {
        return List.copyOf(lines);
    }

    /// A new start.
    synchronized void clear() {
        lines.clear();
        line.setLength(0);
        panicked = false;
    }
}
