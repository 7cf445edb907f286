package holdfast.host;

import holdfast.network.Forward;
import holdfast.network.Ipv4;
import holdfast.network.MacAddress;
import holdfast.network.Seat;
import holdfast.network.Station;
import java.nio.file.Path;
import java.util.List;

/// The machines of a network that run or are about to, and the ports that lead to them.
record NetPlan(List<Place> places, List<Opening> openings) {
    /// A machine's place.
    ///
    /// @param card in hexadecimal, with colons
    /// @param socket where it connects
    record Place(String name, String card, String address, String socket) {
        Seat seat() {
            return new Seat(new Station(name, MacAddress.parse(card), Ipv4.parse(address)), Path.of(socket));
        }
    }

    /// A port of the host that leads to a machine.
    ///
    /// @param address the machine's
    record Opening(SpecPort port, String address) {
        Forward forward() {
            return port.forward(address);
        }
    }

    static final NetPlan NOTHING = new NetPlan(List.of(), List.of());
}
