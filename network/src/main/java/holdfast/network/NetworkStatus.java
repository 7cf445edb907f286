package holdfast.network;

import java.util.List;

/// How a network is going.
///
/// @param wayOut whether there is one
/// @param forwards those that are open
public record NetworkStatus(boolean wayOut, List<PortStatus> ports, List<Forward> forwards) {
    public NetworkStatus {
        ports = List.copyOf(ports);
        forwards = List.copyOf(forwards);
    }
}
