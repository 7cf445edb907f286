package holdfast.network;

import static holdfast.network.Frames.FAR;
import static holdfast.network.Frames.ONE;
import static holdfast.network.Frames.SUBNET;
import static holdfast.network.Frames.THREE;
import static holdfast.network.Frames.TWO;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the switch does with frames made by hand.
class SwitchTest {
    private final Map<Station, List<byte[]>> got = new HashMap<>();
    private final Map<Station, SwitchPort> ports = new HashMap<>();
    private final List<byte[]> outside = new ArrayList<>();
    private long nanos;
    private boolean full;
    private Switch hub;

    @BeforeEach
    void begin() {
        hub = new Switch(SUBNET, "test.internal", 1500, frame -> outside.add(Frames.bytes(frame)), () -> nanos);
        var stations = List.of(ONE, TWO, THREE);
        hub.stations(stations);
        for (Station station : stations) {
            var frames = new ArrayList<byte[]>();
            got.put(station, frames);
            ports.put(station, hub.attach(station, (frame, _) -> {
                if (full) {
                    return false;
                }
                return frames.add(Frames.bytes(frame));
            }));
        }
    }

    private List<byte[]> got(Station station) {
        return Objects.requireNonNull(got.get(station));
    }

    private SwitchPort port(Station station) {
        return Objects.requireNonNull(ports.get(station));
    }

    private void send(Station from, MemorySegment frame) {
        hub.receive(port(from), frame);
    }

    private void dropped(Station from, Drop why, MemorySegment frame) {
        long before = drops(from, why);
        send(from, frame);
        assertThat(drops(from, why)).isEqualTo(before + 1);
        assertThat(got.values()).allMatch(List::isEmpty);
        assertThat(outside).isEmpty();
    }

    private long drops(Station station, Drop why) {
        return port(station).status().drops().getOrDefault(why, 0L);
    }

    private Datagram answer(Station station) {
        assertThat(got(station)).hasSize(1);
        return Frames.datagram(got(station).removeFirst());
    }

    @Test
    void aFrameGoesToTheMachineThatItIsForAndToNoOther() {
        MemorySegment frame = Frames.udp(ONE, TWO, "hello");
        send(ONE, frame);
        assertThat(got(TWO)).containsExactly(Frames.bytes(frame));
        assertThat(got(ONE)).isEmpty();
        assertThat(got(THREE)).isEmpty();
        assertThat(outside).isEmpty();
    }

    @Test
    void whatIsForAllGoesToAllOthers() {
        MemorySegment frame = Frames.arp(Arp.REQUEST, ONE, ONE.address(), TWO.address());
        send(ONE, frame);
        assertThat(got(ONE)).isEmpty();
        assertThat(got(TWO)).containsExactly(Frames.bytes(frame));
        assertThat(got(THREE)).containsExactly(Frames.bytes(frame));
    }

    @Test
    void nobodyPassesForSomebodyElse() {
        dropped(ONE, Drop.SPOOFED, Frames.udp(TWO, THREE, "from two?"));
        dropped(ONE, Drop.SPOOFED, Frames.udp(new Station("x", TWO.card(), ONE.address()), THREE, "from two's card?"));
        var pretended = new Station("x", ONE.card(), TWO.address());
        dropped(ONE, Drop.SPOOFED, Frames.udp(pretended, THREE, "from two's address?"));
        dropped(ONE, Drop.SPOOFED, Frames.arp(Arp.REPLY, ONE, TWO.address(), THREE.address()));
        dropped(ONE, Drop.SPOOFED, Frames.arp(Arp.REPLY, ONE, SUBNET.gateway(), THREE.address()));
        MemorySegment otherCard = Frames.arp(Arp.REPLY, ONE, ONE.address(), THREE.address());
        Layout.put(otherCard, Ethernet.HEADER_BYTES + 8L, TWO.card());
        dropped(ONE, Drop.SPOOFED, otherCard);
        dropped(ONE, Drop.SPOOFED, Frames.toGateway(pretended, FAR, 9));
    }

    @Test
    void theGatewayHasACard() {
        send(ONE, Frames.arp(Arp.REQUEST, ONE, ONE.address(), SUBNET.gateway()));
        Arp arp = Frames.arp(got(ONE).getFirst());
        assertThat(arp).isEqualTo(new Arp(Arp.REPLY, SUBNET.gatewayCard(), SUBNET.gateway(), ONE.address()));
        assertThat(got(TWO)).isEmpty();
    }

    @Test
    void eachMachineIsGivenItsOwnAddress() {
        send(ONE, Frames.dhcp(ONE, DhcpServer.DISCOVER, Ipv4.ANY));
        Datagram offer = answer(ONE);
        assertThat(offer.destinationPort()).isEqualTo(68);
        assertThat(Layout.address(offer.payload(), 16)).isEqualTo(ONE.address());
        assertThat(Layout.i32(offer.payload(), 4)).isEqualTo(0xABCD);
        assertThat(Frames.option(offer, 53)).containsExactly(DhcpServer.OFFER);
        assertThat(Frames.option(offer, 3)).containsExactly(10, 9, 8, 2);
        assertThat(Frames.option(offer, 6)).containsExactly(10, 9, 8, 3);
        assertThat(new String(Frames.option(offer, 15), StandardCharsets.US_ASCII)).isEqualTo("test.internal");
        send(ONE, Frames.dhcp(ONE, DhcpServer.REQUEST, ONE.address()));
        assertThat(Frames.option(answer(ONE), 53)).containsExactly(DhcpServer.ACK);
        send(ONE, Frames.dhcp(ONE, DhcpServer.REQUEST, TWO.address()));
        Datagram refusal = answer(ONE);
        assertThat(Frames.option(refusal, 53)).containsExactly(DhcpServer.NAK);
        assertThat(Layout.i32(refusal.payload(), 16)).isZero();
        assertThat(got(TWO)).isEmpty();
        assertThat(outside).isEmpty();
    }

    private Datagram asked(String name, int type) {
        send(ONE, Frames.toGateway(ONE, SUBNET.nameServer(), 53, Frames.query(name, type)));
        return answer(ONE);
    }

    private static int code(Datagram answer) {
        assertThat(answer.sourcePort()).isEqualTo(53);
        assertThat(Layout.u16(answer.payload(), 0)).isEqualTo(0x1234);
        return Layout.u16(answer.payload(), 2) & 15;
    }

    private static int records(Datagram answer) {
        return Layout.u16(answer.payload(), 6);
    }

    @Test
    void machinesAreFoundByName() {
        for (String name : List.of("two", "TWO", "two.test.internal")) {
            Datagram answer = asked(name, 1);
            assertThat(code(answer)).isZero();
            assertThat(records(answer)).isEqualTo(1);
            assertThat(Layout.address(answer.payload(), answer.payload().byteSize() - 4)).isEqualTo(TWO.address());
        }
        Datagram noSuchType = asked("two", 28);
        assertThat(code(noSuchType)).isZero();
        assertThat(records(noSuchType)).isZero();
        Datagram reverse = asked("11.8.9.10.in-addr.arpa", 12);
        assertThat(records(reverse)).isEqualTo(1);
        assertThat(new String(Frames.bytes(reverse.payload()), StandardCharsets.ISO_8859_1)).endsWith("\3two\4test\10internal\0");
        assertThat(code(asked("four.test.internal", 1))).isEqualTo(NameServer.NO_SUCH_NAME);
        assertThat(code(asked("99.8.9.10.in-addr.arpa", 12))).isEqualTo(NameServer.NO_SUCH_NAME);
        assertThat(outside).isEmpty();
    }

    @Test
    void otherNamesAreForTheHostsResolver() {
        MemorySegment frame = Frames.toGateway(ONE, SUBNET.nameServer(), 53, Frames.query("example.org", 1));
        send(ONE, frame);
        assertThat(outside).containsExactly(Frames.bytes(frame));
        assertThat(got(ONE)).isEmpty();
    }

    @Test
    void withoutAWayOutOtherNamesFail() {
        hub = new Switch(SUBNET, "test.internal", 1500, null, () -> 0);
        ports.put(ONE, hub.attach(ONE, (frame, _) -> got(ONE).add(Frames.bytes(frame))));
        assertThat(code(asked("example.org", 1))).isEqualTo(NameServer.SERVER_FAILURE);
        send(ONE, Frames.dhcp(ONE, DhcpServer.DISCOVER, Ipv4.ANY));
        assertThat(Frames.option(answer(ONE), 3)).isEmpty();
    }

    @Test
    void behindTheGatewayIsNeitherTheHostNorTheNetworkItself() {
        for (String address : List.of("127.0.0.1", "0.0.0.0", "10.9.8.11", "10.9.8.255", "255.255.255.255", "224.0.0.1")) {
            dropped(ONE, Drop.REFUSED, Frames.toGateway(ONE, Ipv4.parse(address), 80));
        }
        dropped(ONE, Drop.REFUSED, Frames.toGateway(ONE, SUBNET.nameServer(), 22));
        MemorySegment part = Frames.toGateway(ONE, SUBNET.nameServer(), 53);
        Layout.put16(part, Ethernet.HEADER_BYTES + 6, 0x2000);
        dropped(ONE, Drop.REFUSED, part);
        send(ONE, Frames.toGateway(ONE, FAR, 80));
        assertThat(outside).hasSize(1);
    }

    @Test
    void whatComesFromOutsideGoesToItsMachine() {
        var far = new Datagram.End(SUBNET.gatewayCard(), FAR, 80);
        hub.fromOutside(Datagram.frame(far, new Datagram.End(TWO.card(), TWO.address(), 4000), new byte[9]));
        assertThat(got(TWO)).hasSize(1);
        assertThat(got(ONE)).isEmpty();
        var gateway = new Station("", SUBNET.gatewayCard(), SUBNET.gateway());
        hub.fromOutside(Frames.arp(Arp.REQUEST, gateway, SUBNET.gateway(), THREE.address()));
        assertThat(Frames.arp(outside.getFirst()).senderCard()).isEqualTo(THREE.card());
        assertThat(got(THREE)).isEmpty();
    }

    @Test
    void whoSendsToAllTooOftenLosesItsOwnFrames() {
        for (int i = 0; i < SwitchPort.BROADCASTS_MAX + 5; i++) {
            send(ONE, Frames.arp(Arp.REQUEST, ONE, ONE.address(), THREE.address()));
        }
        assertThat(drops(ONE, Drop.TOO_MANY)).isEqualTo(5);
        assertThat(got(THREE)).hasSize(SwitchPort.BROADCASTS_MAX);
        send(TWO, Frames.arp(Arp.REQUEST, TWO, TWO.address(), THREE.address()));
        assertThat(got(THREE)).hasSize(SwitchPort.BROADCASTS_MAX + 1);
        nanos += 10_000_000;
        send(ONE, Frames.arp(Arp.REQUEST, ONE, ONE.address(), THREE.address()));
        assertThat(got(THREE)).hasSize(SwitchPort.BROADCASTS_MAX + 2);
    }

    @Test
    void whatAMachineDoesNotTakeIsCountedAtItsPort() {
        full = true;
        send(ONE, Frames.udp(ONE, TWO, "hello"));
        assertThat(drops(TWO, Drop.FULL)).isEqualTo(1);
        assertThat(drops(ONE, Drop.FULL)).isZero();
    }

    @Test
    void aMachineThatHasGoneIsNobody() {
        hub.detach(port(TWO));
        dropped(ONE, Drop.NOBODY, Frames.udp(ONE, TWO, "hello"));
        SwitchPort first = port(THREE);
        hub.attach(THREE, (frame, _) -> got(THREE).add(Frames.bytes(frame)));
        hub.detach(first);
        send(ONE, Frames.udp(ONE, THREE, "hello"));
        assertThat(got(THREE)).hasSize(1);
    }

    /// Whatever is changed in a frame, and however short it is, nothing breaks, and what gets through is from whom it says it is.
    @Test
    void nonsenseBreaksNothing() {
        var random = new Random(20_261_122);
        var seeds = List.of(
                Frames.udp(ONE, TWO, "hello"),
                Frames.arp(Arp.REQUEST, ONE, ONE.address(), SUBNET.gateway()),
                Frames.dhcp(ONE, DhcpServer.DISCOVER, Ipv4.ANY),
                Frames.dhcp(ONE, DhcpServer.REQUEST, TWO.address()),
                Frames.toGateway(ONE, SUBNET.nameServer(), 53, Frames.query("two.test.internal", 1)),
                Frames.toGateway(ONE, SUBNET.nameServer(), 53, Frames.query("11.8.9.10.in-addr.arpa", 12)),
                Frames.toGateway(ONE, FAR, 80, new byte[20]));
        int through = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] frame = Frames.bytes(seeds.get(random.nextInt(seeds.size())));
            for (int changes = random.nextInt(4); changes >= 0; changes--) {
                ByteBuffer.wrap(frame).put(random.nextInt(frame.length), (byte) random.nextInt());
            }
            int length = random.nextInt(8) == 0 ? random.nextInt(frame.length) : frame.length;
            send(ONE, MemorySegment.ofArray(frame).asSlice(0, length));
            nanos += 1_000_000;
            for (Station other : List.of(TWO, THREE)) {
                for (byte[] seen : got(other)) {
                    assertThat(new Ethernet(MemorySegment.ofArray(seen)).source()).isEqualTo(ONE.card());
                    through++;
                }
            }
            got.values().forEach(List::clear);
            outside.clear();
        }
        assertThat(through).isPositive();
        PortStatus status = port(ONE).status();
        assertThat(status.drops()).containsKeys(Drop.MALFORMED, Drop.SPOOFED, Drop.REFUSED, Drop.NOBODY);
        assertThat(status.received()).isEqualTo(20_000);
    }
}
