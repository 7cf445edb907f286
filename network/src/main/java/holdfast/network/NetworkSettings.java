package holdfast.network;

import java.nio.file.Path;
import java.util.List;

/// How a network is.
///
/// @param domain of the machines' names
/// @param mtu bytes of the largest packet, 576 to 65521
/// @param hostLoopback whether the gateway's address leads to the host's loopback
/// @param library libslirp, and before it what it needs; none: as it is installed on this machine
public record NetworkSettings(Subnet subnet, String domain, int mtu, boolean hostLoopback, List<Path> library) {
    public NetworkSettings {
        library = List.copyOf(library);
        if (mtu < 576 || mtu > 65_521) {
            throw new IllegalArgumentException("an MTU is 576 to 65521: " + mtu);
        }
    }
}
