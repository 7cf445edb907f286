package holdfast.host;

import holdfast.image.Places;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where the daemon lives.
///
/// @param directory below the user's home of Holdfast
/// @param socket of the API
public record HostHome(Path directory, Path socket) {
    /// What fits into a socket's address (unix(7)), with its final zero.
    static final int SOCKET_BYTES_MAX = 107;

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
        return directory.resolve("lock");
    }

    Path inventory() {
        return directory.resolve("inventory");
    }

    /// What a daemon that was started by a command has to say.
    public Path log() {
        return directory.resolve("host.log");
    }

    Path machines() {
        return directory.resolve("vms");
    }

    VmHome machine(String id) {
        return new VmHome(machines().resolve(id));
    }

    /// @throws HostProblem when a socket cannot have so long a name
    void check() {
        for (Path path : new Path[] {socket, machine("00000000").control()}) {
            if (path.toString().getBytes(StandardCharsets.UTF_8).length > SOCKET_BYTES_MAX) {
                throw new HostProblem(
                        HostProblem.Kind.INVALID, path.toString(), "is too long for a socket's name", "point HOLDFAST_HOME to a shorter path");
            }
        }
    }
}
