package holdfast.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.function.Consumer;

/// Reads this process's standard input for the guest's console, on a thread of its own. Its end is the end of nothing else: a
/// guest whose input comes from a file goes on after it.
final class Keyboard {
    private static final int BUFFER_BYTES = 4096;

    private Keyboard() {}

    /// Passes on everything, until the end.
    static void pipe(InputStream in, GuestConsole console, Consumer<Throwable> broken) {
        read(in, broken, console::type);
    }

    /// Passes on what a person types, but the escape key.
    static void terminal(InputStream in, GuestConsole console, EscapeQuestion question, Consumer<Throwable> broken) {
        var keys = new ConsoleKeys();
        read(in, broken, bytes -> {
            for (ConsoleKeys.Action action : keys.typed(bytes, bytes.length)) {
                switch (action) {
                    case ConsoleKeys.Action.ToGuest(byte[] typed) -> console.type(typed);
                    case ConsoleKeys.Action.Ask() -> question.ask();
                    case ConsoleKeys.Action.GoOn() -> question.no();
                    case ConsoleKeys.Action.End() -> question.yes();
                }
            }
        });
    }

    /// Takes bytes that were read.
    private interface Reader {
        void take(byte[] bytes) throws InterruptedException;
    }

    private static void read(InputStream in, Consumer<Throwable> broken, Reader reader) {
        Thread.ofPlatform().daemon().name("keyboard").start(() -> {
            var buffer = new byte[BUFFER_BYTES];
            try {
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    reader.take(Arrays.copyOf(buffer, n));
                }
            } catch (IOException unreadable) {
                // Closed, or a directory, or a terminal that has gone: nothing more will come.
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException | Error e) {
                broken.accept(e);
            }
        });
    }
}
