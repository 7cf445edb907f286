package holdfast.disk;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The id of a disk in an extended attribute of the file that has its data: this file by itself is not the disk. Not every file
/// system has such attributes, and copying programs leave them out unless told otherwise.
final class DiskMark {
    /// As `getfattr` shows it: `user.holdfast.disk`.
    static final String ATTRIBUTE = "holdfast.disk";

    private static final System.Logger LOG = System.getLogger(DiskMark.class.getName());

    private DiskMark() {}

    /// @return whether the file bears the id now
    static boolean put(Path file, UUID id) {
        UserDefinedFileAttributeView view = view(file);
        try {
            if (view != null) {
                view.write(ATTRIBUTE, ByteBuffer.wrap(id.toString().getBytes(StandardCharsets.US_ASCII)));
                return true;
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, file + ": has no attributes", e);
        }
        return false;
    }

    /// The id that a file bears, if any.
    static Optional<String> of(Path file) {
        UserDefinedFileAttributeView view = view(file);
        try {
            if (view != null && view.list().contains(ATTRIBUTE)) {
                var bytes = ByteBuffer.allocate(view.size(ATTRIBUTE));
                view.read(ATTRIBUTE, bytes);
                return Optional.of(new String(bytes.array(), StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, file + ": has no attributes", e);
        }
        return Optional.empty();
    }

    static void remove(Path file) {
        UserDefinedFileAttributeView view = view(file);
        try {
            if (view != null && of(file).isPresent()) {
                view.delete(ATTRIBUTE);
            }
        } catch (IOException e) {
            throw new OperatorError(
                    file.toString(), "its extended attributes cannot be changed (" + e.getMessage() + ")", "change its permissions");
        }
    }

    private static @Nullable UserDefinedFileAttributeView view(Path file) {
        return Files.isRegularFile(file) ? Files.getFileAttributeView(file, UserDefinedFileAttributeView.class) : null;
    }
}
