package holdfast.image;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/// What failing file operations mean for the person at the keyboard.
final class StoreError {
    private StoreError() {}

    /// Something done with files.
    @FunctionalInterface
    interface Action<T> {
        T run() throws IOException;
    }

    /// Something done with files, without a result.
    @FunctionalInterface
    interface VoidAction {
        void run() throws IOException;
    }

    /// Something long done with files.
    @FunctionalInterface
    interface LongAction<T> {
        T run() throws IOException, InterruptedException;
    }

    static <T> T guard(Path subject, Action<T> action) {
        try {
            return action.run();
        } catch (IOException e) {
            throw of(subject, e);
        }
    }

    static void guardVoid(Path subject, VoidAction action) {
        try {
            action.run();
        } catch (IOException e) {
            throw of(subject, e);
        }
    }

    static <T> T guardInterruptibly(Path subject, LongAction<T> action) throws InterruptedException {
        try {
            return action.run();
        } catch (ClosedByInterruptException e) {
            throw new InterruptedException();
        } catch (IOException e) {
            throw of(subject, e);
        }
    }

    private static OperatorError of(Path subject, IOException e) {
        String file = e instanceof FileSystemException named && named.getFile() != null ? named.getFile() : subject.toString();
        String message = String.valueOf(e.getMessage());
        if (message.contains("No space left on device")) {
            return new OperatorError(file, "no space left", "free some, or point HOLDFAST_HOME and HOLDFAST_CACHE elsewhere");
        }
        if (e instanceof AccessDeniedException) {
            return new OperatorError(file, "permission denied", "make it yours, or point HOLDFAST_HOME and HOLDFAST_CACHE elsewhere");
        }
        if (message.contains("Read-only file system")) {
            return new OperatorError(file, "is on a read-only file system", "point HOLDFAST_HOME and HOLDFAST_CACHE elsewhere");
        }
        return new OperatorError(file, message.startsWith(file) ? message.substring(file.length()).replaceFirst("^: ", "") : message,
                "put that right and try again");
    }
}
