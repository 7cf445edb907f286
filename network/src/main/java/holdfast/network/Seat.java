package holdfast.network;

import java.nio.file.Path;

/// A place for a machine at the switch.
///
/// @param socket where that machine, and no other, connects
public record Seat(Station station, Path socket) {
    /// Where a machine listens that cannot connect: the network comes to it.
    public static Path cableOf(Path socket) {
        return socket.resolveSibling(socket.getFileName() + "-in");
    }

    Path cable() {
        return cableOf(socket);
    }
}
