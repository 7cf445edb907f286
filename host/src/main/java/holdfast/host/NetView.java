package holdfast.host;

import org.jspecify.annotations.Nullable;

/// What is shown of a network.
///
/// @param subnet its addresses, such as `10.77.0.0/24`
/// @param hostLoopback whether the gateway's address leads to the host's loopback
/// @param pid of its process; it has one while a machine of its runs
/// @param wayOut whether its machines reach more than each other; null while it has no process
/// @param machines how many it has
public record NetView(
        String name, String subnet, boolean hostLoopback, @Nullable Long pid, @Nullable Boolean wayOut, int machines) {}
