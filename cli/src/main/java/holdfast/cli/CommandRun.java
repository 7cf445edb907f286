package holdfast.cli;

import holdfast.machine.GuestCommand;
import holdfast.machine.GuestCommand.Stdin;
import holdfast.machine.GuestExec;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/// The command of `run --exec`: its streams are this process's, its end is the run's.
///
/// A guest that is cut off has not written everything to its disks. Where something of that would be seen again (a disk
/// of the user's, or a kept one) the guest is told to `sync` first; an orderly shutdown would only take longer.
final class CommandRun {
    private static final String SYNC = "sync";

    private final GuestExec exec;
    private final Consumer<Ending> ended;
    private final Outlet out;
    private final Outlet err;

    CommandRun(Streams streams, GuestExec exec, CleanUp cleanUp, Consumer<Ending> ended) {
        this.exec = exec;
        this.ended = ended;
        out = outlet("stdout", streams.out(), cleanUp);
        err = outlet("stderr", streams.err(), cleanUp);
    }

    private Outlet outlet(String name, OutputStream target, CleanUp cleanUp) {
        return cleanUp.add(new Outlet(name, target, () -> ended.accept(new Ending.OutputClosed())));
    }

    /// What the command may read: nothing of a terminal, which is the user's; else this process's input.
    ///
    /// @param whole whether all of it has to be known before the start
    static Stdin stdin(Streams streams, boolean whole) throws IOException {
        if (streams.inTerminal()) {
            return new Stdin.Empty();
        }
        return whole ? new Stdin.Whole(streams.in().readAllBytes()) : new Stdin.Streamed(streams.in());
    }

    /// Gives the command to the guest, which begins it when it is up.
    ///
    /// @param sync whether the guest's disks outlive the run
    void start(String text, Stdin stdin, boolean sync) {
        CompletionStage<Integer> end = exec.start(new GuestCommand(text, stdin, out::write, err::write)).exit();
        if (sync) {
            end = end.thenCompose(exitCode -> flushed().thenApply(synced -> exitCode));
        }
        var _ = end.whenComplete((exitCode, lost) -> ended.accept(
                lost == null ? new Ending.CommandEnded(exitCode) : new Ending.CommandLost(reason(lost))));
    }

    private static String reason(Throwable lost) {
        Throwable cause = lost instanceof CompletionException && lost.getCause() != null ? lost.getCause() : lost;
        return cause.getMessage() == null ? "the guest is lost" : cause.getMessage();
    }

    private CompletableFuture<Integer> flushed() {
        GuestCommand.Sink nowhere = (bytes, offset, length) -> {};
        return exec.start(new GuestCommand(SYNC, new Stdin.Empty(), nowhere, nowhere)).exit();
    }

    /// Output that nobody has taken is dropped from here on; the guest waits no longer.
    void letGo() {
        out.close();
        err.close();
    }

    /// Waits until all output has been taken.
    void drain() {
        out.drain(Long.MAX_VALUE);
        err.drain(Long.MAX_VALUE);
    }
}
