package holdfast.network;

import static holdfast.network.Frames.ONE;
import static holdfast.network.Frames.SUBNET;
import static holdfast.network.Frames.TWO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import holdfast.testkit.Needs;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A network with its sockets and its way out; the machines are made by hand.
@Timeout(60)
@Needs("/usr/lib/x86_64-linux-gnu/libslirp.so.0")
class NetworkTest {
    @TempDir
    Path directory;

    private Network open(boolean hostLoopback) throws Exception {
        return Network.open(new NetworkSettings(SUBNET, "test.internal", 1500, hostLoopback, List.of()));
    }

    private Seat seat(Station station) {
        return new Seat(station, directory.resolve(station.name()));
    }

    @Test
    void machinesReachEachOtherAndOneThatComesAgainTakesItsPlace() throws Exception {
        try (Network network = open(false)) {
            assertThat(network.configure(List.of(seat(ONE), seat(TWO)), List.of())).isEmpty();
            try (var one = new HandMachine(seat(ONE)); var two = new HandMachine(seat(TWO))) {
                two.send(Frames.arp(Arp.REQUEST, TWO, TWO.address(), SUBNET.gateway()));
                two.receive(); // it is connected
                one.send(Frames.udp(ONE, TWO, "hello"));
                assertThat(two.text()).isEqualTo("hello");
                try (var again = new HandMachine(seat(TWO))) {
                    assertThatThrownBy(two::receive).isInstanceOf(IOException.class);
                    one.send(Frames.udp(ONE, TWO, "and you"));
                    assertThat(again.text()).isEqualTo("and you");
                }
            }
            assertThat(network.configure(List.of(seat(ONE)), List.of())).isEmpty();
            assertThat(seat(TWO).socket()).doesNotExist();
            assertThat(network.status().ports()).hasSize(1);
        }
        assertThat(seat(ONE).socket()).doesNotExist();
    }

    @Test
    void aMachineThatListensIsFoundAndFoundAgain() throws Exception {
        try (Network network = open(false);
                ServerSocketChannel there = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            network.configure(List.of(seat(ONE)), List.of());
            there.bind(UnixDomainSocketAddress.of(Seat.cableOf(seat(ONE).socket())));
            for (int i = 0; i < 2; i++) {
                try (var one = new HandMachine(there.accept(), ONE)) {
                    one.send(Frames.arp(Arp.REQUEST, ONE, ONE.address(), SUBNET.gateway()));
                    assertThat(one.receive()).hasSize(42);
                    assertThat(network.status().ports()).allMatch(PortStatus::connected);
                }
            }
        }
    }

    @Test
    void whoSendsNoFramesLosesItsConnectionAndNobodyElseDoes() throws Exception {
        try (Network network = open(false)) {
            network.configure(List.of(seat(ONE), seat(TWO)), List.of());
            try (var one = new HandMachine(seat(ONE)); var two = new HandMachine(seat(TWO))) {
                one.channel.write(ByteBuffer.allocate(8).putInt(-1).putInt(7).flip());
                assertThatThrownBy(one::receive).isInstanceOf(IOException.class);
                two.send(Frames.arp(Arp.REQUEST, TWO, TWO.address(), SUBNET.gateway()));
                assertThat(two.receive()).hasSize(42);
            }
        }
    }

    /// One that reads nothing is sent more than its queue and its socket hold; the other is served all the while.
    @Test
    void aSlowMachineLosesFramesOfItsOwnAlone() throws Exception {
        try (Network network = open(false)) {
            network.configure(List.of(seat(ONE), seat(TWO)), List.of());
            try (var one = new HandMachine(seat(ONE)); var slow = new HandMachine(seat(TWO))) {
                slow.send(Frames.arp(Arp.REQUEST, TWO, TWO.address(), SUBNET.gateway()));
                slow.receive(); // it is connected, and reads nothing from here on
                byte[] much = new byte[1400];
                MemorySegment frame = Frames.udp(ONE, TWO.card(), TWO.address(), 7, much);
                for (int i = 0; i < 2000; i++) {
                    one.send(frame);
                }
                one.send(Frames.arp(Arp.REQUEST, ONE, ONE.address(), SUBNET.gateway()));
                assertThat(one.receive()).hasSize(42);
                PortStatus status = network.status().ports().stream().filter(port -> port.station().equals(TWO)).findAny().orElseThrow();
                long lost = status.drops().getOrDefault(Drop.FULL, 0L);
                assertThat(lost).isPositive();
                assertThat(status.sent() + lost).isEqualTo(2001);
            }
        }
    }

    @Test
    void theHostsLoopbackIsReachedOnlyWhereThatIsAllowed() throws Exception {
        for (boolean allowed : new boolean[] {true, false}) {
            try (Network network = open(allowed);
                    var server = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
                server.setSoTimeout(allowed ? 20_000 : 200);
                network.configure(List.of(seat(ONE)), List.of());
                try (var one = new HandMachine(seat(ONE))) {
                    one.send(Frames.toGateway(ONE, SUBNET.gateway(), server.getLocalPort(), "ping".getBytes(StandardCharsets.UTF_8)));
                    if (!allowed) {
                        // What comes is that it cannot be reached.
                        Packet answer = Frames.packet(one.receive());
                        assertThat(answer.protocol()).isEqualTo(Packet.ICMP);
                        assertThatThrownBy(() -> server.receive(new DatagramPacket(new byte[9], 9)))
                                .isInstanceOf(java.net.SocketTimeoutException.class);
                        continue;
                    }
                    var request = new DatagramPacket(new byte[9], 9);
                    server.receive(request);
                    server.send(new DatagramPacket("pong!".getBytes(StandardCharsets.UTF_8), 5, request.getSocketAddress()));
                    assertThat(one.text()).isEqualTo("pong!");
                }
            }
        }
    }

    private static Packet next(HandMachine machine) throws IOException {
        while (true) {
            var frame = new Ethernet(MemorySegment.ofArray(machine.receive()));
            if (frame.type() == Ethernet.IPV4) {
                return Frames.packet(Frames.bytes(frame.bytes()));
            }
        }
    }

    /// What a driver that leaves segmentation to its device sends: libslirp takes 60 KiB in one packet, and acknowledges it at once.
    @Test
    void aLargePacketOfTcpReachesAServerWhole() throws Exception {
        byte[] much = new byte[60_000];
        new Random(1).nextBytes(much);
        try (Network network = open(true); var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            network.configure(List.of(seat(ONE)), List.of());
            int port = server.getLocalPort();
            try (var one = new HandMachine(seat(ONE))) {
                one.send(Frames.syn(ONE, 4000, SUBNET.gateway(), port));
                MemorySegment agreed = next(one).payload();
                assertThat(Layout.u8(agreed, 13)).as("SYN and ACK").isEqualTo(0x12);
                int acknowledged = Layout.i32(agreed, 4) + 1;
                one.send(Frames.tcp(ONE, SUBNET.gatewayCard(), 4000, SUBNET.gateway(), port, 4001, acknowledged, 0x10));
                one.send(Frames.tcp(ONE, SUBNET.gatewayCard(), 4000, SUBNET.gateway(), port, 4001, acknowledged, 0x18, much));
                try (Socket accepted = server.accept()) {
                    assertThat(accepted.getInputStream().readNBytes(much.length)).isEqualTo(much);
                }
                await().atMost(20, TimeUnit.SECONDS).until(() -> Layout.i32(next(one).payload(), 8) == 4001 + much.length);
            }
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static Forward forward(boolean udp, int port) {
        return new Forward(udp, Ipv4.parse("127.0.0.1"), port, ONE.address(), 7);
    }

    @Test
    void aForwardLeadsInAndIsBoundWhereItSays() throws Exception {
        int port = freePort();
        try (Network network = open(false); var client = new DatagramSocket()) {
            assertThat(network.configure(List.of(seat(ONE)), List.of(forward(true, port), forward(false, port)))).isEmpty();
            try (var one = new HandMachine(seat(ONE))) {
                byte[] text = "in".getBytes(StandardCharsets.UTF_8);
                client.send(new DatagramPacket(text, text.length, new InetSocketAddress("127.0.0.1", port)));
                assertThat(one.text()).isEqualTo("in");
                try (var tcp = new Socket("127.0.0.1", port)) {
                    Packet opening = Frames.packet(one.receive());
                    assertThat(opening.protocol()).isEqualTo(Packet.TCP);
                    assertThat(opening.destination()).isEqualTo(ONE.address());
                    assertThat(opening.destinationPort()).isEqualTo(7);
                    assertThat(tcp.isConnected()).isTrue();
                }
                Optional<InetAddress> other = otherAddress();
                other.ifPresent(address -> assertThatThrownBy(() -> new Socket(address, port).close()).isInstanceOf(ConnectException.class));
            }
            assertThat(network.configure(List.of(seat(ONE)), List.of())).isEmpty();
            assertThatThrownBy(() -> new Socket("127.0.0.1", port).close()).isInstanceOf(ConnectException.class);
            new DatagramSocket(port, InetAddress.getLoopbackAddress()).close();
        }
    }

    /// An address of this host's that others reach.
    private static Optional<InetAddress> otherAddress() throws IOException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress() && address.getAddress().length == 4)
                .findFirst();
    }

    @Test
    void aBusyPortIsRefusedAndTheOthersAreThere() throws Exception {
        try (Network network = open(false); var busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Forward impossible = forward(false, busy.getLocalPort());
            Forward possible = forward(false, freePort());
            assertThat(network.configure(List.of(seat(ONE)), List.of(impossible, possible))).containsExactly(impossible);
            assertThat(network.status().forwards()).containsExactly(possible);
        }
    }

    @Test
    void whatIsNotThereIsNoWayOut() throws Exception {
        var settings = new NetworkSettings(SUBNET, "test.internal", 1500, false, List.of(directory.resolve("libslirp.so.0")));
        try (Network network = Network.open(settings)) {
            assertThat(network.status().wayOut()).isFalse();
            Forward forward = forward(false, freePort());
            assertThat(network.configure(List.of(seat(ONE)), List.of(forward))).containsExactly(forward);
            try (var one = new HandMachine(seat(ONE))) {
                one.send(Frames.dhcp(ONE, DhcpServer.DISCOVER, Ipv4.ANY));
                assertThat(Frames.option(Frames.datagram(one.receive()), 53)).containsExactly(DhcpServer.OFFER);
            }
        }
        await().atMost(10, TimeUnit.SECONDS).until(() -> !seat(ONE).socket().toFile().exists());
    }
}
