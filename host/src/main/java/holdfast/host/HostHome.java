package holdfast.host;

import holdfast.image.LockFile;
import holdfast.image.Places;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Where the daemon lives.
///
/// @param directory below the user's home of Holdfast
/// @param socket of the API
public record HostHome(Path directory, Path socket) {
    /// What fits into a socket's address (unix(7)), with its final zero.
    static final int SOCKET_BYTES_MAX = 107;

    private static final Set<PosixFilePermission> OWN = PosixFilePermissions.fromString("rwx------");

    /// `HOLDFAST_HOME` says which; the socket is `host.sock` in it unless `--socket` or `HOLDFAST_SOCKET` names one.
    public static HostHome of(Map<String, String> environment, @Nullable Path socket) {
        Path directory = Places.of(environment).home().resolve("host");
        @Nullable String named = environment.get("HOLDFAST_SOCKET");
        if (socket != null) {
            return new HostHome(directory, socket.toAbsolutePath());
        }
        return new HostHome(directory, named == null || named.isEmpty() ? directory.resolve("host.sock") : Path.of(named).toAbsolutePath());
    }

    Path lock() {
        return lockIn(directory);
    }

    /// Of the daemon that has this directory.
    static Path lockIn(Path directory) {
        return directory.resolve("lock");
    }

    /// Whether a daemon has it.
    boolean isTaken() throws IOException {
        Optional<LockFile> free = LockFile.attempt(lock(), false);
        if (free.isPresent()) {
            free.get().close();
        }
        return free.isEmpty();
    }

    /// By which another program finds the same place.
    Map<String, String> environment() {
        return Map.of("HOLDFAST_HOME", String.valueOf(directory.getParent()));
    }

    Path inventory() {
        return directory.resolve("inventory");
    }

    /// What a daemon that was started by a command has to say.
    public Path log() {
        return directory.resolve("host.log");
    }

    /// Who may use the API from elsewhere.
    Path tokens() {
        return directory.resolve("tokens.json");
    }

    /// Who did what.
    Path audit() {
        return directory.resolve("audit.log");
    }

    /// The daemon's own certificate and key.
    Path tls() {
        return directory.resolve("tls");
    }

    /// The key by which machines know this user.
    public Path ssh() {
        return directory.resolve("ssh");
    }

    Path machines() {
        return directory.resolve("vms");
    }

    /// Where commands make their machines known ([ForegroundVm]).
    Path runs() {
        return directory.resolve("runs");
    }

    NetHome network(String name) {
        return new NetHome(directory.resolve("nets").resolve(name));
    }

    VmHome machine(String id) {
        return new VmHome(machines().resolve(id));
    }

    /// Makes the directories, for this user alone; the daemon's own are that also when somebody else has made them.
    void own() throws IOException {
        FileAttribute<Set<PosixFilePermission>> own = PosixFilePermissions.asFileAttribute(OWN);
        Files.createDirectories(directory, own);
        Files.setPosixFilePermissions(directory, OWN);
        Files.createDirectories(machines(), own);
        Files.createDirectories(machines().resolveSibling("bases"), own);
        Files.createDirectories(socket.resolveSibling(".").normalize(), own);
    }

    /// Makes the place where commands make their machines known, for this user alone.
    void ownRuns() throws IOException {
        FileAttribute<Set<PosixFilePermission>> own = PosixFilePermissions.asFileAttribute(OWN);
        Files.createDirectories(directory, own);
        Files.createDirectories(runs(), own);
        Files.setPosixFilePermissions(runs(), OWN);
    }

    /// @throws HostProblem when a socket cannot have so long a name
    void check() {
        for (Path path : new Path[] {socket, machine("00000000").control(), machine("00000000").cable(), network("n".repeat(Nets.NAME_MAX)).control()}) {
            if (!fits(path)) {
                throw new HostProblem(
                        HostProblem.Kind.INVALID, path.toString(), "is too long for a socket's name", "point HOLDFAST_HOME to a shorter path");
            }
        }
    }

    /// Whether a socket can have this name.
    static boolean fits(Path socket) {
        return socket.toString().getBytes(StandardCharsets.UTF_8).length <= SOCKET_BYTES_MAX;
    }
}
