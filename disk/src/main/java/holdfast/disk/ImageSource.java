package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.OperatorError;
import holdfast.nbd.NbdDevice;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/// Where an image is that a disk is provisioned from.
sealed interface ImageSource extends Repository.Link {
    /// By which it is found again, from wherever.
    String address();

    /// A disk in a file, or a block device, of any format.
    record InFile(Path path) implements ImageSource {
        @Override
        public String address() {
            return path.toString();
        }

        @Override
        public BlockDevice connect() {
            if (Provisioning.isArriving(path)) {
                throw new OperatorError(path.toString(), "is itself a disk that is still arriving", "let all of it arrive first: holdfast disk fill " + path);
            }
            return Disks.open(path, Access.READ_ONLY, null);
        }
    }

    /// An export of an NBD server. A connection that has ended is not made anew in secret: another image might be there then.
    record Export(String address) implements ImageSource {
        @Override
        public BlockDevice connect() {
            return NbdDevice.open(address, Duration.ZERO);
        }
    }

    /// @param text a path, or an address that begins as a URI does
    /// @throws OperatorError when it is an address of a kind that is not known
    static ImageSource of(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.matches("nbds?(\\+unix)?:.*")) {
            return new Export(text);
        }
        if (lower.matches("[a-z][a-z0-9+.-]+://.*")) {
            throw new OperatorError(text, "is an address of a kind that no disk can be provisioned from", "name a file, or an export: nbd://HOST:PORT/EXPORT");
        }
        try {
            return new InFile(Path.of(text).toAbsolutePath().normalize());
        } catch (InvalidPathException e) {
            throw new OperatorError(text, "is no path", "name a file");
        }
    }
}
