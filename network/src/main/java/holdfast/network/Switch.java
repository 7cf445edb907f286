package holdfast.network;

import holdfast.network.DhcpServer.Reply;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Joins the machines of a network, and is its gateway's card: it gives them their addresses and names, and passes on what is for outside.
///
/// A machine has one card and one address. What it sends under others is dropped, and so nobody can pass for somebody else, be it by ARP,
/// IPv4 or Ethernet, nor for a router by IPv6; and what makes no sense gets no further than this. For one thread at a time.
final class Switch {
    private static final int TFTP_PORT = 69;

    private final Subnet subnet;
    private final int frameBytesMax;
    private final LongSupplier nanoClock;
    private final DhcpServer dhcp;
    private final NameServer names;
    private final Map<MacAddress, SwitchPort> ports = new HashMap<>();
    private final MacAddress gatewayCard;
    private final @Nullable Outside outside;
    private Stations stations = new Stations(List.of());

    /// @param domain of the machines' names
    /// @param mtu bytes of the largest packet
    /// @param outside null when there is no way out
    Switch(Subnet subnet, String domain, int mtu, @Nullable Outside outside, LongSupplier nanoClock) {
        this.subnet = subnet;
        this.outside = outside;
        frameBytesMax = Ethernet.HEADER_BYTES + mtu;
        this.nanoClock = nanoClock;
        dhcp = new DhcpServer(subnet, domain, outside != null, mtu);
        names = new NameServer(subnet, domain);
        gatewayCard = subnet.gatewayCard();
    }

    /// Says which machines there are, whether they are connected or not.
    void stations(List<Station> all) {
        stations = new Stations(all);
    }

    /// Connects a machine. Who was connected in its place is no more.
    SwitchPort attach(Station station, Cable cable) {
        var port = new SwitchPort(station, cable, nanoClock.getAsLong());
        ports.put(station.card(), port);
        return port;
    }

    void detach(SwitchPort port) {
        ports.remove(port.station().card(), port);
    }

    /// Passes on what a machine sends.
    void receive(SwitchPort from, MemorySegment bytes) {
        from.received();
        @Nullable Drop why = passed(from, bytes);
        if (why != null) {
            from.drop(why);
        }
    }

    /// @return why it was dropped; null when it was not
    private @Nullable Drop passed(SwitchPort from, MemorySegment bytes) {
        @Nullable Ethernet frame = Ethernet.of(bytes);
        if (frame == null || bytes.byteSize() > frameBytesMax && frame.type() != Ethernet.IPV4) {
            return Drop.MALFORMED;
        }
        if (!frame.source().equals(from.station().card())) {
            return Drop.SPOOFED;
        }
        return switch (frame.type()) {
            case Ethernet.ARP -> arp(from, frame);
            case Ethernet.IPV4 -> ipv4(from, frame);
            case Ethernet.IPV6 -> ipv6(from, frame);
            default -> Drop.REFUSED;
        };
    }

    private @Nullable Drop arp(SwitchPort from, Ethernet frame) {
        @Nullable Arp arp = Arp.of(frame.payload());
        if (arp == null) {
            return Drop.MALFORMED;
        }
        Station station = from.station();
        boolean own = arp.sender().equals(station.address()) || arp.operation() == Arp.REQUEST && arp.sender().equals(Ipv4.ANY);
        if (!own || !arp.senderCard().equals(station.card())) {
            return Drop.SPOOFED;
        }
        if (arp.target().equals(subnet.gateway()) || arp.target().equals(subnet.nameServer())) {
            if (arp.operation() == Arp.REQUEST) {
                from.send(arp.answer(gatewayCard), Cable.From.NETWORK);
            }
            return null;
        }
        return toMachines(from, frame);
    }

    private @Nullable Drop ipv4(SwitchPort from, Ethernet frame) {
        @Nullable Packet packet = Packet.of(frame.payload());
        if (packet == null) {
            return Drop.MALFORMED;
        }
        boolean large = frame.bytes().byteSize() > frameBytesMax;
        if (large && !(packet.isPlain() && packet.protocol() == Packet.TCP)) {
            return Drop.MALFORMED;
        }
        boolean asksForAddress = packet.protocol() == Packet.UDP && packet.destinationPort() == DhcpServer.SERVER_PORT;
        boolean hasNone = packet.source().equals(Ipv4.ANY);
        if (!packet.source().equals(from.station().address()) && !(hasNone && asksForAddress)) {
            return Drop.SPOOFED;
        }
        boolean toNetwork = frame.destination().equals(gatewayCard);
        if (asksForAddress && (toNetwork || frame.destination().isGroup())) {
            return dhcp(from, packet);
        }
        if (toNetwork) {
            // libslirp takes it as it is: what it writes into a connection has no frames.
            return toNetwork(from, frame, packet);
        }
        return large ? inSegments(from, frame, packet) : toMachines(from, frame);
    }

    private @Nullable Drop inSegments(SwitchPort from, Ethernet frame, Packet packet) {
        @Nullable TcpSegments segments = TcpSegments.of(frame, packet, frameBytesMax);
        @Nullable SwitchPort to = ports.get(frame.destination());
        if (segments == null) {
            return Drop.MALFORMED;
        }
        if (to == null || to == from) {
            return Drop.NOBODY;
        }
        segments.forEach(segment -> to.send(segment, Cable.From.MACHINE));
        return null;
    }

    /// None of the machines is the others' router.
    private @Nullable Drop ipv6(SwitchPort from, Ethernet frame) {
        @Nullable Ipv6Packet packet = Ipv6Packet.of(frame.payload());
        if (packet == null) {
            return Drop.MALFORMED;
        }
        return packet.isOfRouter() ? Drop.REFUSED : toMachines(from, frame);
    }

    private @Nullable Drop dhcp(SwitchPort from, Packet packet) {
        @Nullable Datagram datagram = Datagram.of(packet);
        if (datagram == null) {
            return Drop.MALFORMED;
        }
        @Nullable Reply reply = dhcp.answer(datagram.payload(), from.station());
        if (reply == null) {
            return Drop.REFUSED;
        }
        MacAddress card = reply.to().equals(Ipv4.BROADCAST) ? MacAddress.BROADCAST : from.station().card();
        from.send(
                Datagram.frame(
                        new Datagram.End(gatewayCard, subnet.gateway(), DhcpServer.SERVER_PORT),
                        new Datagram.End(card, reply.to(), DhcpServer.CLIENT_PORT),
                        reply.message()),
                Cable.From.NETWORK);
        return null;
    }

    /// What is for the gateway's card. Behind it, some addresses would lead to the host itself, or nowhere.
    private @Nullable Drop toNetwork(SwitchPort from, Ethernet frame, Packet packet) {
        if (!packet.isPlain()) {
            return Drop.REFUSED;
        }
        Ipv4 to = packet.destination();
        if (to.equals(subnet.nameServer())) {
            return packet.destinationPort() == NameServer.PORT ? name(from, frame, packet) : Drop.REFUSED;
        }
        boolean inside = subnet.contains(to) && !to.equals(subnet.gateway());
        int first = to.firstByte();
        if (inside || first == 0 || first == 127 || first >= 224) {
            return Drop.REFUSED;
        }
        // libslirp's own server of files, which nobody asked for.
        if (to.equals(subnet.gateway()) && packet.protocol() == Packet.UDP && packet.destinationPort() == TFTP_PORT) {
            return Drop.REFUSED;
        }
        return out(frame);
    }

    private @Nullable Drop out(Ethernet frame) {
        if (outside == null) {
            return Drop.NOBODY;
        }
        return outside.take(frame.bytes()) ? null : Drop.TOO_MANY;
    }

    private @Nullable Drop name(SwitchPort from, Ethernet frame, Packet packet) {
        if (packet.protocol() != Packet.UDP) {
            return out(frame);
        }
        @Nullable Datagram datagram = Datagram.of(packet);
        NameServer.@Nullable Question question = datagram == null ? null : NameServer.question(datagram.payload());
        if (datagram == null || question == null) {
            return Drop.MALFORMED;
        }
        byte @Nullable [] answer = names.answer(datagram.payload(), question, stations);
        if (answer == null && outside != null) {
            return out(frame);
        }
        from.send(
                Datagram.frame(
                        new Datagram.End(gatewayCard, subnet.nameServer(), NameServer.PORT),
                        new Datagram.End(from.station().card(), packet.source(), datagram.sourcePort()),
                        answer == null ? NameServer.failure(datagram.payload(), question) : answer),
                Cable.From.NETWORK);
        return null;
    }

    private @Nullable Drop toMachines(SwitchPort from, Ethernet frame) {
        MacAddress to = frame.destination();
        if (to.isGroup()) {
            if (!from.mayBroadcast(nanoClock.getAsLong())) {
                return Drop.TOO_MANY;
            }
            for (SwitchPort port : ports.values()) {
                if (port != from) {
                    port.send(frame.bytes(), Cable.From.MACHINE);
                }
            }
            return null;
        }
        @Nullable SwitchPort port = ports.get(to);
        if (port == null || port == from) {
            return Drop.NOBODY;
        }
        port.send(frame.bytes(), Cable.From.MACHINE);
        return null;
    }

    /// Passes on what comes from outside, and answers for the machines what is asked by ARP there.
    void fromOutside(MemorySegment bytes) {
        @Nullable Ethernet frame = Ethernet.of(bytes);
        if (frame == null) {
            return;
        }
        if (frame.type() == Ethernet.ARP) {
            @Nullable Arp arp = Arp.of(frame.payload());
            if (arp != null && arp.operation() == Arp.REQUEST && outside != null) {
                stations.at(arp.target()).ifPresent(station -> outside.take(arp.answer(station.card())));
            }
            return;
        }
        @Nullable SwitchPort port = ports.get(frame.destination());
        if (port != null) {
            port.send(bytes, Cable.From.NETWORK);
        }
    }
}
