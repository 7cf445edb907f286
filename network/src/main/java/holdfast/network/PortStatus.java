package holdfast.network;

import java.util.Map;

/// What has gone through a port of the switch since its machine came.
///
/// @param connected whether the machine is there now
/// @param received frames from the machine
/// @param sent frames to the machine
/// @param drops frames from it and to it that went nowhere
public record PortStatus(Station station, boolean connected, long received, long sent, Map<Drop, Long> drops) {
    public PortStatus {
        drops = Map.copyOf(drops);
    }
}
