package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The host's side of the exec channel: runs commands in a guest, several at once, with their streams passed on as they
/// come. The protocol is described in `docs/guest-channel.md`.
///
/// Everything that answers the guest is done inside the port's callback, on the hart's thread; so in deterministic mode
/// a command that was given before the start begins at the same instruction in every run.
public final class GuestExec implements AutoCloseable {

    /// How many commands run at once; further ones wait their turn.
    public static final int SESSIONS = 4;

    private final List<ExecSession> sessions = IntStream.range(0, SESSIONS).mapToObj(n -> new ExecSession(n, this)).toList();
    private final Queue<Execution> waiting = new ArrayDeque<>();
    private final CompletableFuture<Void> answered = new CompletableFuture<>();
    private @Nullable String lost;

    /// The ports to give to the machine, in a fixed order.
    public List<NamedConsole> ports() {
        return sessions.stream().flatMap(session -> session.ports().stream()).toList();
    }

    /// Completes when the guest has said for the first time that it takes a command: its side of the channel is there.
    public CompletableFuture<Void> answered() {
        return answered.copy();
    }

    /// Starts a command as soon as the guest is ready for it; returns at once.
    public Execution start(GuestCommand command) {
        var execution = new Execution(command);
        @Nullable ExecSession free;
        synchronized (this) {
            if (lost != null) {
                execution.fail(lost);
                return execution;
            }
            free = sessions.stream().filter(session -> session.claim(execution)).findFirst().orElse(null);
            if (free == null) {
                waiting.add(execution);
            }
        }
        if (free != null) {
            free.begin(execution);
        }
        return execution;
    }

    /// Runs a command without input and collects what it writes.
    ///
    /// @throws GuestLost when the machine ends before the command does
    /// @throws TimeoutException when it has not ended in time; it goes on all the same
    public Result run(String text, Duration deadline) throws GuestLost, TimeoutException, InterruptedException {
        return run(text, new byte[0], deadline);
    }

    /// Runs a command with this input and collects what it writes.
    public Result run(String text, byte[] stdin, Duration deadline) throws GuestLost, TimeoutException, InterruptedException {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var execution = start(new GuestCommand(text, new GuestCommand.Stdin.Whole(stdin), out::write, err::write));
        int exitCode = execution.await(deadline);
        return new Result(exitCode, out.toByteArray(), err.toByteArray());
    }

    /// The machine was restored from a saved state: asks the guest whether it takes commands.
    public void restored() {
        sessions.forEach(ExecSession::hello);
    }

    /// Kills a command that is under way; its end is then heard as of any other. One that has not begun is taken back.
    public void kill(Execution execution) {
        boolean withdrawn;
        synchronized (this) {
            withdrawn = waiting.remove(execution);
        }
        if (withdrawn) {
            execution.fail("the command was taken back before it had begun");
        } else {
            sessions.forEach(session -> session.kill(execution));
        }
    }

    /// The machine has ended: every command under way or waiting fails with [GuestLost], and so do later ones.
    public void lost(String why) {
        Queue<Execution> never;
        synchronized (this) {
            lost = why;
            never = new ArrayDeque<>(waiting);
            waiting.clear();
        }
        never.forEach(execution -> execution.fail(why));
        sessions.forEach(session -> session.abandon(why));
    }

    @Override
    public void close() {
        lost("the machine was closed");
    }

    /// A session's guest side is ready: gives it the next command that waits, if any.
    void ready(ExecSession session) {
        answered.complete(null);
        @Nullable Execution next;
        synchronized (this) {
            next = waiting.peek();
            if (next == null || !session.claim(next)) {
                return;
            }
            waiting.remove();
        }
        session.begin(next);
    }

    /// How a command ended, and what it wrote.
    ///
    /// @param exitCode 0 to 255, 128 + n when signal n ended it
    public record Result(int exitCode, byte[] out, byte[] err) {

        public String text() {
            return new String(out, StandardCharsets.UTF_8);
        }

        public String errors() {
            return new String(err, StandardCharsets.UTF_8);
        }
    }

    /// A command that was started.
    public static final class Execution {
        private final GuestCommand command;
        private final CompletableFuture<Integer> exit = new CompletableFuture<>();
        private volatile String listener = "";

        private Execution(GuestCommand command) {
            this.command = command;
        }

        GuestCommand command() {
            return command;
        }

        /// @param who in front of all lines that are for him
        void isFor(String who) {
            listener = who;
        }

        String listener() {
            return listener;
        }

        void ended(int exitCode) {
            exit.complete(exitCode);
        }

        void fail(String why) {
            exit.completeExceptionally(new GuestLost(why));
        }

        boolean hasEnded() {
            return exit.isDone();
        }

        /// Completes with the exit code, or with [GuestLost].
        public CompletableFuture<Integer> exit() {
            return exit.copy();
        }

        /// Waits for the command's end and returns its exit code.
        public int await() throws GuestLost, InterruptedException {
            try {
                return exit.get();
            } catch (ExecutionException e) {
                throw new GuestLost(reason(e));
            }
        }

        public int await(Duration deadline) throws GuestLost, TimeoutException, InterruptedException {
            try {
                return exit.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
            } catch (ExecutionException e) {
                throw new GuestLost(reason(e));
            } catch (TimeoutException e) {
                throw new TimeoutException("'" + command.text() + "' has not ended in the guest after " + deadline.toSeconds() + " s");
            }
        }

        private static String reason(ExecutionException e) {
            @Nullable Throwable cause = e.getCause();
            @Nullable String message = cause == null ? null : cause.getMessage();
            return message == null ? "the guest is lost" : message;
        }
    }
}
