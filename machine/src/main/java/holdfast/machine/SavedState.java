package holdfast.machine;

import holdfast.block.OperatorError;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// A file with a saved machine. It is written beside its place, made durable, and then renamed: whoever finds it finds it
/// whole, and the one before it lives until then.
public final class SavedState {
    private static final String ROLE = "saved state";
    private static final int BUFFER_BYTES = 1 << 20;

    private SavedState() {}

    /// What the operator wrote on it: [MachineConfig#label].
    ///
    /// @throws OperatorError when it is no saved machine, or damaged at its beginning
    public static String label(Path file) {
        return read(file, in -> shape(new StateInput(in)).label());
    }

    static MachineShape shape(StateInput in) throws IOException {
        StateSection first = in.next();
        if (first == null) {
            throw new IOException("it is empty");
        }
        return MachineShape.read(first);
    }

    /// SHA-256 of the file.
    static byte[] digest(Path file) {
        try (BootFile content = BootFile.open(file, ROLE)) {
            return content.digest();
        } catch (IOException e) {
            throw new OperatorError(ROLE + " " + file, "cannot be read (" + e.getMessage() + ")", "check the disk it is on");
        }
    }

    interface Reading<T> {
        T from(InputStream in) throws IOException;
    }

    interface Writing {
        void to(OutputStream out) throws IOException;
    }

    /// Opens the file, locked against writers, and reads it.
    static <T> T read(Path file, Reading<T> reading) {
        try (FileChannel channel = LockedFile.read(file, ROLE);
                InputStream in = new BufferedInputStream(Channels.newInputStream(channel), BUFFER_BYTES)) {
            return reading.from(in);
        } catch (IOException e) {
            throw new OperatorError(ROLE + " " + file, String.valueOf(e.getMessage()), "give the state and options that were saved together");
        }
    }

    /// Writes the file, whole and durably, or leaves what was there.
    static void write(Path file, Writing writing) {
        Path target = file.toAbsolutePath();
        Path partial = target.resolveSibling("." + target.getFileName() + ".partial");
        try (FileChannel channel = LockedFile.create(partial, ROLE)) {
            try {
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES);
                writing.to(out);
                out.flush();
                channel.force(true);
                Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException | RuntimeException e) {
                Files.deleteIfExists(partial);
                throw e;
            }
            makeDurable(target);
        } catch (IOException e) {
            throw new OperatorError(
                    ROLE + " " + file, "cannot be written (" + e.getMessage() + ")", "free some space or name another file");
        }
    }

    /// The name is in the directory, which has its own content to make durable.
    private static void makeDurable(Path file) throws IOException {
        Path directory = file.getParent();
        if (directory != null) {
            try (FileChannel channel = FileChannel.open(directory)) {
                channel.force(true);
            }
        }
    }
}
