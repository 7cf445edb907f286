package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.image.LockFile;
import holdfast.image.Temporary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/// What machines know this user by: a key pair of Holdfast's own, made by ssh-keygen when it is first needed.
///
/// @param directory the key is in, and what machines have shown of theirs
public record SshKey(Path directory) {
    /// @throws OperatorError when it cannot be made
    public static SshKey of(Path directory) throws InterruptedException {
        var key = new SshKey(directory);
        try {
            if (!Files.exists(key.file())) {
                key.makeOnce();
            }
            return key;
        } catch (IOException e) {
            throw new OperatorError(directory.toString(), "has no key: " + e.getMessage(), "see to it that ssh-keygen is there, and the directory can be written");
        }
    }

    private void makeOnce() throws IOException, InterruptedException {
        try (LockFile _ = LockFile.exclusive(directory.resolveSibling("ssh.lock"), () -> {})) {
            // Another may have made it meanwhile.
            if (!Files.exists(file())) {
                make();
            }
        }
    }

    private void make() throws IOException, InterruptedException {
        Path unfinished = Temporary.beside(directory);
        Files.createDirectory(unfinished, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Process made = new ProcessBuilder(List.of(
                        "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "holdfast", "-f", unfinished.resolve(file().getFileName()).toString()))
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (made.waitFor() != 0) {
            throw new IOException("ssh-keygen failed");
        }
        Temporary.publish(unfinished, directory);
    }

    public Path file() {
        return directory.resolve("id_ed25519");
    }

    public String publicKey() throws IOException {
        return Files.readString(directory.resolve("id_ed25519.pub")).strip();
    }

    public Path knownHosts() {
        return directory.resolve("known_hosts");
    }
}
