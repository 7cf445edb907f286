package holdfast.image;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The packages that apt has fetched.
record Archives(Path directory) {

    boolean has(AptPackage wanted) {
        try {
            return Files.size(file(wanted)) == wanted.size();
        } catch (IOException _) {
            // It is not there.
            return false;
        }
    }

    /// The package, if its bytes are those that the archive's signature vouches for: apt itself checks only what it fetches anew.
    Deb checked(AptPackage wanted) throws IOException {
        Path file = file(wanted);
        if (!has(wanted)) {
            throw new OperatorError(wanted.file(), "was not fetched", "try again");
        }
        if (!Sha256.of(file).equals(wanted.sha256())) {
            Files.delete(file);
            throw new OperatorError(file.toString(), "had been changed on disk, and was removed", "try again to fetch it anew");
        }
        return new Deb(file);
    }

    void remove(AptPackage unneeded) throws IOException {
        Files.deleteIfExists(file(unneeded));
    }

    private Path file(AptPackage wanted) {
        return directory.resolve(wanted.file());
    }
}
