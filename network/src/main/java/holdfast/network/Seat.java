package holdfast.network;

import java.nio.file.Path;

/// A place for a machine at the switch.
///
/// @param socket where that machine, and no other, connects
public record Seat(Station station, Path socket) {}
