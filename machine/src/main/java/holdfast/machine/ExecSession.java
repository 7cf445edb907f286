package holdfast.machine;

import holdfast.machine.GuestCommand.Sink;
import holdfast.machine.GuestCommand.Stdin;
import holdfast.machine.GuestExec.Execution;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One of the exec channel's sessions: four ports, one command at a time.
///
/// ```
/// silent  --guest says "ready"-->            free
/// free    --a command is claimed-->          busy       `in` is opened, the command's line goes out on ctl
/// busy    --guest says "exit N"-->           silent     the command ended; `in` is closed
/// free, busy --ctl closed by the guest-->    silent     a command under way is lost
/// busy    --guest says "ready"-->            busy       when the command had not begun yet: an answer to [#hello]
/// busy    --guest says "ready"-->            free       when it had: the guest's loop was restarted, the command is lost
/// ```
///
/// The host's end of ctl, out and err is open all the time, since Linux lets a writer wait at a port whose other end is closed. That of `in`
/// is closed at rest: a guest learns late that it was opened or closed, so it is moved only while the guest waits for just that (see docs/guest-channel.md).
final class ExecSession {
    private static final int LINE_LENGTH_MAX = 64;

    private final int number;
    private final GuestExec owner;
    private final StringBuilder line = new StringBuilder();
    private final Outside ctl = new Outside();
    private final Outside in = new Outside();

    /// Who was ready last.
    private String listener = "";

    private boolean ready;
    private boolean begun;
    private @Nullable Execution current;
    private @Nullable Thread feeder;

    ExecSession(int number, GuestExec owner) {
        this.number = number;
        this.owner = owner;
    }

    List<NamedConsole> ports() {
        String prefix = "org.holdfast.exec." + number + ".";
        return List.of(
                new NamedConsole(prefix + "ctl", new Control()),
                new NamedConsole(prefix + "in", new StandardInput()),
                new NamedConsole(prefix + "out", new Output(GuestCommand::out)),
                new NamedConsole(prefix + "err", new Output(GuestCommand::err)));
    }

    /// Takes this session for a command, if the guest is ready and nobody else has it.
    synchronized boolean claim(Execution execution) {
        if (!ready || current != null) {
            return false;
        }
        ready = false;
        begun = false;
        current = execution;
        execution.isFor(listener);
        return true;
    }

    /// Sends the command that has claimed this session: to nobody but who was ready then. The guest may have begun anew, which is heard late.
    void begin(Execution execution) {
        if (current() == execution) {
            in.hostOpen(true);
            say(execution.listener() + execution.command().line());
        }
    }

    /// Asks a guest that was restored, and whose "ready" nobody here has heard, to say it again.
    void hello() {
        say("!hello");
    }

    /// Kills the command, if it is still under way; its end is then heard as of any other.
    void kill(Execution execution) {
        if (current() == execution) {
            say(execution.listener() + "!kill");
        }
    }

    private void say(String word) {
        ctl.input((word + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    void abandon(String why) {
        finish(execution -> execution.fail(why));
    }

    private void heard(String word) {
        if (word.equals("ready")) {
            heardReady(""); // an older guest, which says nothing of itself
        } else if (word.startsWith("ready ")) {
            heardReady(word.substring("ready ".length()).strip() + " ");
        } else if (word.startsWith("exit ")) {
            int exitCode = exitCode(word);
            finish(execution -> execution.ended(exitCode));
        }
    }

    /// @param who in front of all lines that are for him
    private void heardReady(String who) {
        synchronized (this) {
            if (current != null && !begun && who.equals(listener)) {
                return;
            }
        }
        abandon("the guest's side of the exec channel was restarted in the middle of the command");
        synchronized (this) {
            ready = true;
            listener = who;
        }
        owner.ready(this);
    }

    /// A guest may write anything; what is no number counts as a failed command.
    private static int exitCode(String word) {
        String digits = word.substring("exit ".length()).strip();
        return digits.matches("\\d{1,3}") ? Integer.parseInt(digits) & 0xff : 255;
    }

    private void finish(Consumer<Execution> how) {
        @Nullable Execution ended;
        @Nullable Thread feeding;
        synchronized (this) {
            ready = false;
            ended = current;
            feeding = feeder;
            current = null;
            feeder = null;
        }
        if (feeding != null) {
            feeding.interrupt();
        }
        if (ended != null) {
            in.hostOpen(false);
            how.accept(ended);
        }
    }

    private synchronized @Nullable Execution current() {
        return current;
    }

    /// Carries a command's input to the guest.
    private void feed(Execution execution) {
        switch (execution.command().stdin()) {
            case Stdin.Empty() -> in.hostOpen(false);
            case Stdin.Whole(byte[] bytes) -> {
                if (bytes.length > 0) {
                    in.input(bytes);
                }
                in.hostOpen(false);
            }
            case Stdin.Streamed(InputStream source) -> {
                synchronized (this) {
                    if (current == execution && feeder == null) {
                        feeder = Thread.ofPlatform().daemon().name("exec-stdin-" + number).start(() -> stream(source, execution));
                    }
                }
            }
        }
    }

    private void stream(InputStream source, Execution execution) {
        var buffer = new byte[16 * 1024];
        try {
            for (int n = source.read(buffer); n >= 0 && !execution.hasEnded(); n = source.read(buffer)) {
                in.inputOrThrow(Arrays.copyOf(buffer, n));
            }
        } catch (IOException unreadable) {
            // What cannot be read any more has ended, as it has for a shell.
        } catch (InterruptedException commandEnded) {
            return;
        }
        if (!execution.hasEnded()) {
            in.hostOpen(false);
        }
    }

    /// The way in of one port, once the machine has connected it.
    private static final class Outside {
        private volatile ConsolePort.@Nullable Input input;

        void attach(ConsolePort.Input attached) {
            input = attached;
        }

        void hostOpen(boolean open) {
            ConsolePort.@Nullable Input to = input;
            if (to != null) {
                to.hostOpen(open);
            }
        }

        void input(byte[] bytes) {
            try {
                inputOrThrow(bytes);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        void inputOrThrow(byte[] bytes) throws InterruptedException {
            ConsolePort.@Nullable Input to = input;
            if (to != null) {
                to.input(bytes);
            }
        }
    }

    private final class Control implements ConsolePort {
        @Override
        public void attach(Input input) {
            ctl.attach(input);
            input.hostOpen(true);
        }

        @Override
        public void output(byte[] bytes, int offset, int length) {
            for (int i = offset; i < offset + length; i++) {
                if (bytes[i] == '\n') {
                    String word = line.toString();
                    line.setLength(0);
                    heard(word.strip());
                } else if (line.length() < LINE_LENGTH_MAX) {
                    line.append((char) (bytes[i] & 0xff));
                }
            }
        }

        @Override
        public void guestOpen(boolean open) {
            if (!open) {
                line.setLength(0);
                abandon("the guest closed the exec channel in the middle of the command");
            }
        }
    }

    private final class StandardInput implements ConsolePort {
        @Override
        public void attach(Input input) {
            in.attach(input);
        }

        /// The guest writes here to wait until it has seen this end open, and begins the command when that has gone through. Closing
        /// it earlier could leave the guest waiting for ever.
        @Override
        public void output(byte[] bytes, int offset, int length) {
            @Nullable Execution execution;
            synchronized (ExecSession.this) {
                execution = begun ? null : current;
                begun = true;
            }
            if (execution != null) {
                feed(execution);
            }
        }
    }

    private final class Output implements ConsolePort {
        private final Function<GuestCommand, Sink> sink;

        Output(Function<GuestCommand, Sink> sink) {
            this.sink = sink;
        }

        @Override
        public void attach(Input input) {
            input.hostOpen(true);
        }

        @Override
        public void output(byte[] bytes, int offset, int length) {
            @Nullable Execution execution = current();
            if (execution != null) {
                sink.apply(execution.command()).accept(bytes, offset, length);
            }
        }
    }
}
