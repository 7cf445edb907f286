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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What the switch does with frames made by hand.
class SwitchTest {
    private final Map<Station, List<byte[]>> got = new HashMap<>();
    private final Map<Station, SwitchPort> ports = new HashMap<>();
    private final List<byte[]> outside = new ArrayList<>();
    private long nanos;
    private boolean full;
    private boolean outsideTakes = true;
    private Switch hub;

    @BeforeEach
    void begin() {
        hub = new Switch(SUBNET, "test.internal", 1500, frame -> outsideTakes && outside.add(Frames.bytes(frame)), () -> nanos);
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
        dropped(ONE, Drop.REFUSED, Frames.toGateway(ONE, SUBNET.gateway(), 69));
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
    void onlyPlainPacketsGoOut() {
        dropped(ONE, Drop.REFUSED, Frames.part(ONE, FAR, 1));
        MemorySegment last = Frames.part(ONE, FAR, 1);
        Layout.put16(last, Ethernet.HEADER_BYTES + 6, 2);
        dropped(ONE, Drop.REFUSED, last);
        MemorySegment options = Frames.toGateway(ONE, FAR, 80, new byte[20]);
        Layout.put8(options, Ethernet.HEADER_BYTES, 0x46);
        dropped(ONE, Drop.REFUSED, options);
        MemorySegment other = Frames.toGateway(ONE, FAR, 80, new byte[20]);
        Layout.put8(other, Ethernet.HEADER_BYTES + 9, 47);
        dropped(ONE, Drop.REFUSED, other);
        send(ONE, Frames.part(ONE, TWO.address(), 1));
        assertThat(got(TWO)).isEmpty();
        MemorySegment between = Frames.part(ONE, TWO.address(), 1);
        Layout.put(between, 0, TWO.card());
        send(ONE, between);
        assertThat(got(TWO)).hasSize(1);
    }

    @Test
    void whatTheOutsideDoesNotTakeIsCountedAtItsSender() {
        outsideTakes = false;
        dropped(ONE, Drop.TOO_MANY, Frames.toGateway(ONE, FAR, 80));
    }

    @Test
    void noFrameIsLargerThanTheNetworksPackets() {
        send(ONE, Frames.udp(ONE, TWO.card(), TWO.address(), 7, new byte[1500 - 28]));
        assertThat(got(TWO)).hasSize(1);
        got(TWO).clear();
        dropped(ONE, Drop.MALFORMED, Frames.udp(ONE, TWO.card(), TWO.address(), 7, new byte[1500 - 27]));
        dropped(ONE, Drop.MALFORMED, Frames.ethernet(MacAddress.BROADCAST, ONE.card(), Ethernet.IPV6, new byte[60_000]));
    }

    /// As a network card does for who leaves it that (RFC 9293): each with its number, flags of the end at the end, and sums that are right.
    @Test
    void aLargePacketOfTcpComesToAMachineInSegments() {
        byte[] much = new byte[60_001];
        new Random(7).nextBytes(much);
        send(ONE, Frames.tcp(ONE, TWO.card(), 4000, TWO.address(), 80, -5, 77, 0x80 | 0x10 | 0x08 | 0x01, much));
        var whole = ByteBuffer.allocate(much.length);
        int count = got(TWO).size();
        for (int i = 0; i < count; i++) {
            byte[] frame = got(TWO).get(i);
            assertThat(frame).hasSizeLessThanOrEqualTo(1514);
            Packet packet = Frames.packet(frame);
            assertThat(Layout.checksum(Layout.sum(packet.bytes(), 0, 20))).isZero();
            assertThat(Layout.checksum(Frames.tcpSum(packet))).isZero();
            assertThat(Layout.i32(packet.payload(), 4)).isEqualTo(-5 + whole.position());
            assertThat(Layout.i32(packet.payload(), 8)).isEqualTo(77);
            assertThat(Layout.u8(packet.payload(), 13)).isEqualTo(0x10 | (i == 0 ? 0x80 : 0) | (i == count - 1 ? 0x09 : 0));
            whole.put(Frames.bytes(packet.payload().asSlice(20)));
        }
        assertThat(count).isEqualTo(Math.ceilDiv(60_001, 1460));
        assertThat(whole.array()).isEqualTo(much);
        assertThat(got(ONE)).isEmpty();
        assertThat(got(THREE)).isEmpty();
    }

    @Test
    void aLargePacketOfTcpGoesOutAsItIs() {
        MemorySegment large = Frames.tcp(ONE, SUBNET.gatewayCard(), 4000, FAR, 80, 1, 1, 0x10, new byte[65_495]);
        send(ONE, large);
        assertThat(outside).containsExactly(Frames.bytes(large));
    }

    @Test
    void aLargePacketThatIsNothingElseIsNone() {
        MemorySegment part = Frames.tcp(ONE, TWO.card(), 4000, TWO.address(), 80, 1, 1, 0x10, new byte[3000]);
        Layout.put16(part, Ethernet.HEADER_BYTES + 6, 0x2000);
        dropped(ONE, Drop.MALFORMED, part);
        MemorySegment headless = Frames.tcp(ONE, TWO.card(), 4000, TWO.address(), 80, 1, 1, 0x10, new byte[3000]);
        Layout.put8(headless, Ethernet.HEADER_BYTES + 20 + 12, 0x10);
        dropped(ONE, Drop.MALFORMED, headless);
        dropped(ONE, Drop.NOBODY, Frames.tcp(ONE, new MacAddress(0x5254_0000_0999L), 4000, TWO.address(), 80, 1, 1, 0x10, new byte[3000]));
    }

    @Test
    void nobodyIsARouterByIpv6() {
        byte[] advertisement = {(byte) 134, 0, 0, 0, 64, 0, 0, 0};
        byte[] solicitation = {(byte) 135, 0, 0, 0, 0, 0, 0, 0};
        dropped(ONE, Drop.REFUSED, Frames.ipv6(ONE, 58, advertisement));
        dropped(ONE, Drop.REFUSED, Frames.ipv6(ONE, 58, (byte) 137, (byte) 0));
        dropped(ONE, Drop.REFUSED, Frames.ipv6(ONE, 17, (byte) 2, (byte) 35, (byte) 2, (byte) 34));
        // Behind other headers it is the same, and where these do not end nobody can say what it is.
        byte[] hidden = new byte[24];
        hidden[0] = 60;
        hidden[8] = 58;
        System.arraycopy(advertisement, 0, hidden, 16, 8);
        dropped(ONE, Drop.REFUSED, Frames.ipv6(ONE, 0, hidden));
        dropped(ONE, Drop.MALFORMED, Frames.ipv6(ONE, 0, Arrays.copyOf(hidden, 16)));
        dropped(ONE, Drop.MALFORMED, Frames.ipv6(ONE, 0, new byte[80]));
        byte[] first = new byte[16];
        first[0] = 58;
        first[3] = 1;
        System.arraycopy(advertisement, 0, first, 8, 8);
        dropped(ONE, Drop.REFUSED, Frames.ipv6(ONE, 44, first));
        first[3] = 9;
        send(ONE, Frames.ipv6(ONE, 44, first));
        send(ONE, Frames.ipv6(ONE, 58, solicitation));
        send(ONE, Frames.ipv6(ONE, 6, new byte[20]));
        assertThat(got(TWO)).hasSize(3);
    }

    /// A switch that learned would have a place for each of these senders, or give them that of another.
    @Test
    void floodsOfForgedSendersTeachTheSwitchNothing() {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            var forged = new Station("x", new MacAddress(0x5254_0000_0000L + random.nextInt(1 << 24)), SUBNET.base().plus(random.nextInt(256)));
            if (!forged.card().equals(ONE.card())) {
                dropped(ONE, Drop.SPOOFED, switch (i % 4) {
                    case 0 -> Frames.arp(Arp.REPLY, forged, forged.address(), THREE.address());
                    case 1 -> Frames.dhcp(forged, DhcpServer.DISCOVER, Ipv4.ANY);
                    case 2 -> Frames.udp(forged, THREE, "of nobody");
                    default -> Frames.ethernet(MacAddress.BROADCAST, forged.card(), Ethernet.IPV6, new byte[40]);
                });
            }
        }
        // As itself it asks for others' leases, for cards that are not its own.
        MemorySegment foreign = Frames.dhcp(ONE, DhcpServer.DISCOVER, Ipv4.ANY);
        Layout.put(foreign, Ethernet.HEADER_BYTES + 28 + 28L, TWO.card());
        dropped(ONE, Drop.REFUSED, foreign);
        dropped(THREE, Drop.NOBODY, Frames.udp(THREE, new Station("x", new MacAddress(0x5254_0000_1234L), TWO.address()), "to nobody"));
        send(THREE, Frames.udp(THREE, TWO, "hello"));
        assertThat(got(TWO)).hasSize(1);
        assertThat(got(ONE)).isEmpty();
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

    /// Each layer is shown what is wrong there alone. What is answered is about the sender, and what gets through is from it.
    private void survives(StrangeFrames frames, int count) {
        int answers = 0;
        for (int i = 0; i < count; i++) {
            send(ONE, frames.next());
            nanos += 1_000_000;
            for (byte[] answer : got(ONE)) {
                assertThat(new Ethernet(MemorySegment.ofArray(answer)).source()).isEqualTo(SUBNET.gatewayCard());
                answers++;
                if (new Ethernet(MemorySegment.ofArray(answer)).type() == Ethernet.IPV4 && Frames.datagram(answer).sourcePort() == DhcpServer.SERVER_PORT) {
                    assertThat(Layout.address(Frames.datagram(answer).payload(), 16)).isIn(Ipv4.ANY, ONE.address());
                }
            }
            for (Station other : List.of(TWO, THREE)) {
                assertThat(got(other)).allMatch(seen -> new Ethernet(MemorySegment.ofArray(seen)).source().equals(ONE.card()));
            }
            got.values().forEach(List::clear);
            outside.clear();
        }
        assertThat(answers).isGreaterThan(count / 50);
        assertThat(port(ONE).status().drops()).containsKeys(Drop.MALFORMED, Drop.REFUSED);
    }

    @Test
    void nonsenseAtEachLayerBreaksNothing() {
        survives(new StrangeFrames(20_261_123), 30_000);
    }

    @Test
    @Tag("long")
    void nonsenseAtEachLayerBreaksNothingForLong() {
        for (int seed = 0; seed < 100; seed++) {
            survives(new StrangeFrames(seed), 30_000);
        }
    }
}
