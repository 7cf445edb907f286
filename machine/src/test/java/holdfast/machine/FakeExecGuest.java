package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The guest's side of the exec channel, driven step by step by a test.
final class FakeExecGuest {
    private final Map<String, ConsolePort> ports = new HashMap<>();
    private final Map<String, Line> lines = new HashMap<>();

    FakeExecGuest(GuestExec exec) {
        for (NamedConsole named : exec.ports()) {
            var line = new Line();
            ports.put(named.name(), named.port());
            lines.put(named.name(), line);
            named.port().attach(line);
        }
    }

    Session session(int number) {
        return new Session("org.holdfast.exec." + number + ".");
    }

    /// What the host sent into one port and whether it holds its end open.
    static final class Line implements ConsolePort.Input {
        private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
        private final List<Boolean> hostOpen = new ArrayList<>();

        @Override
        public synchronized void input(byte[] bytes) {
            sent.writeBytes(bytes);
        }

        @Override
        public synchronized void hostOpen(boolean open) {
            hostOpen.add(open);
        }

        synchronized String text() {
            return sent.toString(StandardCharsets.UTF_8);
        }

        synchronized boolean isHostOpen() {
            return !hostOpen.isEmpty() && hostOpen.getLast();
        }

        synchronized void forget() {
            sent.reset();
        }
    }

    final class Session {
        private final String prefix;

        private Session(String prefix) {
            this.prefix = prefix;
        }

        Line line(String port) {
            return Objects.requireNonNull(lines.get(prefix + port));
        }

        private ConsolePort port(String port) {
            return Objects.requireNonNull(ports.get(prefix + port));
        }

        Session ready() {
            line("in").forget();
            line("ctl").forget();
            return says("ctl", "ready\n");
        }

        /// The command the host has sent, or nothing.
        String command() {
            return new String(Base64.getDecoder().decode(line("ctl").text().strip()), StandardCharsets.UTF_8);
        }

        Session opens(String port) {
            port(port).guestOpen(true);
            return this;
        }

        /// Opens the command's input and waits, as Linux does at a write, until the host has it open.
        Session begins() {
            opens("in");
            if (!line("in").isHostOpen()) {
                throw new AssertionError("the guest would wait for ever");
            }
            return says("in", "\n");
        }

        Session closes(String port) {
            port(port).guestOpen(false);
            return this;
        }

        Session says(String port, String text) {
            byte[] bytes = ("#" + text).getBytes(StandardCharsets.UTF_8);
            port(port).output(bytes, 1, bytes.length - 1);
            return this;
        }

        Session exits(int code) {
            closes("in").closes("out").closes("err");
            return says("ctl", "exit " + code + "\n");
        }
    }
}
