package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.nbd.NbdDevice;
import holdfast.vhdx.VhdxDisk;
import java.net.URI;
import java.net.URISyntaxException;
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

    /// A file at a web server, raw or VHDX without a parent.
    record AtWebServer(URI uri) implements ImageSource {
        @Override
        public String address() {
            return uri.toString();
        }

        @Override
        public BlockDevice connect() {
            BlockDevice file = WebImage.open(uri);
            try {
                return switch (DiskFormat.of(address(), uri.getPath(), VhdxDisk.isVhdx(file))) {
                    case RAW -> file;
                    case VHDX -> VhdxDisk.open(file, address());
                };
            } catch (DiskException e) {
                file.close();
                throw new OperatorError(address(), "cannot be read (" + e.status() + ")", "look after its server");
            } catch (RuntimeException e) {
                file.close();
                throw e;
            }
        }
    }

    /// @param text a path, or an address that begins as a URI does
    /// @throws OperatorError when it is an address of a kind that is not known
    static ImageSource of(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.matches("nbds?(\\+unix)?:.*")) {
            return new Export(text);
        }
        if (lower.matches("https?:.*")) {
            return new AtWebServer(uri(text));
        }
        if (lower.matches("[a-z][a-z0-9+.-]+://.*")) {
            throw new OperatorError(
                    text, "is an address of a kind that no disk can be provisioned from", "name a file, nbd://HOST:PORT/EXPORT, or https://HOST/FILE");
        }
        try {
            return new InFile(Path.of(text).toAbsolutePath().normalize());
        } catch (InvalidPathException e) {
            throw new OperatorError(text, "is no path", "name a file");
        }
    }

    private static URI uri(String text) {
        try {
            var uri = new URI(text);
            if (uri.getHost() != null && uri.getUserInfo() == null && uri.getFragment() == null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            throw new OperatorError(text, "is no address of a web server: " + e.getReason(), "write https://HOST/FILE");
        }
        throw new OperatorError(text, "is no address of a web server, or has a name, password or fragment in it", "write https://HOST/FILE");
    }
}
