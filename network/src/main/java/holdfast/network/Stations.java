package holdfast.network;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The machines of a network, as they are known to each other; their names and addresses are their own.
final class Stations {
    private final Map<String, Station> byName = new HashMap<>();
    private final Map<Ipv4, Station> byAddress = new HashMap<>();

    Stations(List<Station> stations) {
        for (Station station : stations) {
            byName.put(station.name(), station);
            byAddress.put(station.address(), station);
        }
    }

    Optional<Station> named(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    Optional<Station> at(Ipv4 address) {
        return Optional.ofNullable(byAddress.get(address));
    }
}
