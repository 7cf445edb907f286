package holdfast.machine;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Files that one program at a time owns. The lock belongs to the open file: a program that was killed leaves none behind.
final class LockedFile {
    private LockedFile() {}

    /// Opens a file for writing, empty, and locks it.
    ///
    /// @param role what the operator calls it
    /// @throws OperatorError when that cannot be, or another program has it
    static FileChannel create(Path path, String role) {
        FileChannel file = open(path, role, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        lock(file, path, role, false);
        try {
            file.truncate(0);
        } catch (IOException e) {
            throw new OperatorError(role + " " + path, "cannot be written (" + e.getMessage() + ")", "name another file");
        }
        return file;
    }

    /// Opens a file for reading and locks it against writers.
    static FileChannel read(Path path, String role) {
        FileChannel file = open(path, role, StandardOpenOption.READ);
        lock(file, path, role, true);
        return file;
    }

    private static FileChannel open(Path path, String role, StandardOpenOption... options) {
        try {
            return FileChannel.open(path, options);
        } catch (NoSuchFileException e) {
            throw new OperatorError(role + " " + path, "there is no such file or directory", "check the path");
        } catch (IOException e) {
            throw new OperatorError(role + " " + path, "cannot be opened (" + e.getMessage() + ")", "check its permissions");
        }
    }

    private static void lock(FileChannel file, Path path, String role, boolean shared) {
        boolean held = false;
        try {
            held = file.tryLock(0, Long.MAX_VALUE, shared) != null;
        } catch (OverlappingFileLockException e) {
            // Another machine of this very program has it: not held.
            held = false;
        } catch (IOException e) {
            throw new OperatorError(role + " " + path, "cannot be locked (" + e.getMessage() + ")", "name another file");
        } finally {
            if (!held) {
                closeQuietly(file);
            }
        }
        if (!held) {
            throw new OperatorError(role + " " + path, "is in use by another program", "wait for it, or name another file");
        }
    }

    private static void closeQuietly(FileChannel file) {
        try {
            file.close();
        } catch (IOException e) {
            System.getLogger(LockedFile.class.getName()).log(System.Logger.Level.DEBUG, "a file was not closed", e);
        }
    }
}
