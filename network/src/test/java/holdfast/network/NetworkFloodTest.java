package holdfast.network;

import static holdfast.network.Frames.FAR;
import static holdfast.network.Frames.ONE;
import static holdfast.network.Frames.SUBNET;
import static holdfast.network.Frames.TWO;
import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A machine that sends all it can, and the others of its network.
@Timeout(60)
@Needs("/usr/lib/x86_64-linux-gnu/libslirp.so.0")
class NetworkFloodTest {
    /// What the test's own threads may have open beside.
    private static final int OTHER_DESCRIPTORS = 32;

    @TempDir
    Path directory;

    private NetworkSettings settings() {
        return new NetworkSettings(SUBNET, "test.internal", 1500, true, List.of());
    }

    private Seat seat(Station station) {
        return new Seat(station, directory.resolve(station.name()));
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    private static MemorySegment datagram(Station from, int fromPort, int toPort, String text) {
        return Datagram.frame(
                new Datagram.End(from.card(), from.address(), fromPort), new Datagram.End(SUBNET.gatewayCard(), SUBNET.gateway(), toPort),
                text.getBytes(StandardCharsets.UTF_8));
    }

    private static long drops(Network network, Station station, Drop why) throws Exception {
        return network.status().ports().stream()
                .filter(port -> port.station().equals(station))
                .mapToLong(port -> port.drops().getOrDefault(why, 0L))
                .sum();
    }

    private static String heard(DatagramSocket server) throws IOException {
        var packet = new DatagramPacket(new byte[99], 99);
        server.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
    }

    @Test
    void whoSendsFromEachPortHasItsShareOfSocketsAndOthersHaveTheirs() throws Exception {
        int max = Opening.Kind.DATAGRAMS.max;
        long before = descriptors();
        try (Network network = Network.open(settings());
                var sink = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                var server = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(20_000);
            network.configure(List.of(seat(ONE), seat(TWO)), List.of());
            try (var one = new HandMachine(seat(ONE)); var two = new HandMachine(seat(TWO))) {
                one.send(IntStream.range(1, max + 501).mapToObj(port -> datagram(ONE, port, sink.getLocalPort(), "x")).toList());
                one.settle();
                assertThat(drops(network, ONE, Drop.TOO_MANY)).isEqualTo(500);
                assertThat(descriptors()).isBetween(before + max, before + max + OTHER_DESCRIPTORS);
                one.send(datagram(ONE, 1, server.getLocalPort(), "one goes on"));
                assertThat(heard(server)).isEqualTo("one goes on");
                two.send(datagram(TWO, 1, server.getLocalPort(), "two"));
                assertThat(heard(server)).isEqualTo("two");
            }
        }
        assertThat(descriptors()).isLessThan(before + OTHER_DESCRIPTORS);
    }

    @Test
    @Tag("long")
    void whoOpensConnectionsHasItsShareAndOthersHaveTheirs() throws Exception {
        int max = Opening.Kind.CONNECTION.max;
        long before = descriptors();
        try (Network network = Network.open(settings());
                var server = new ServerSocket(0, max, InetAddress.getLoopbackAddress());
                var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            network.configure(List.of(seat(ONE), seat(TWO)), List.of());
            try (var one = new HandMachine(seat(ONE)); var two = new HandMachine(seat(TWO))) {
                one.send(IntStream.range(1, max + 1001).mapToObj(port -> Frames.syn(ONE, port, SUBNET.gateway(), server.getLocalPort())).toList());
                one.settle();
                assertThat(drops(network, ONE, Drop.TOO_MANY)).isEqualTo(1000);
                assertThat(descriptors()).isLessThan(before + max + OTHER_DESCRIPTORS);
                two.send(Frames.syn(TWO, 1, SUBNET.gateway(), other.getLocalPort()));
                other.setSoTimeout(20_000);
                other.accept().close();
            }
        }
        assertThat(descriptors()).isLessThan(before + OTHER_DESCRIPTORS);
    }

    @Test
    void aTurnEndsAfterItsTimeAndNothingIsLost() throws Exception {
        var frames = new ArrayList<Long>();
        try (Arena arena = Arena.ofConfined()) {
            var posix = new Posix(arena);
            int listener = posix.listen(seat(ONE).socket());
            try (var one = new HandMachine(seat(ONE)); var cable = new PortSocket(posix, posix.accept(listener))) {
                one.send(List.of(MemorySegment.ofArray(new byte[14]), MemorySegment.ofArray(new byte[15]), MemorySegment.ofArray(new byte[16])));
                for (int turn = 1; turn <= 3; turn++) {
                    cable.receive(frame -> frames.add(frame.byteSize()), () -> false);
                    assertThat(frames).hasSize(turn);
                    assertThat(cable.isBehind()).isEqualTo(turn < 3);
                }
            } finally {
                posix.close(listener);
            }
        }
        assertThat(frames).containsExactly(14L, 15L, 16L);
    }

    /// Nobody accepts meanwhile: the host lets them wait, and does not send them away to come again in a second.
    @Test
    void aBurstOfConnectionsToAForwardIsLetWait() throws Exception {
        int burst = 200;
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        var clients = new ArrayList<SocketChannel>();
        try (var loop = new NetworkLoop(settings())) {
            assertThat(loop.configure(List.of(seat(ONE)), List.of(new Forward(false, Ipv4.parse("127.0.0.1"), port, ONE.address(), 7)))).isEmpty();
            for (int i = 0; i < burst; i++) {
                var client = SocketChannel.open();
                clients.add(client);
                client.socket().connect(new InetSocketAddress("127.0.0.1", port), 900);
            }
            try (var one = new HandMachine(seat(ONE))) {
                one.channel.configureBlocking(true);
                for (int turn = 0; turn < burst + 2; turn++) {
                    loop.turn();
                }
                for (int i = 0; i < burst; i++) {
                    assertThat(Frames.packet(one.receive()).destinationPort()).isEqualTo(7);
                }
            }
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
        }
    }

    private static MemorySegment something(Random random) {
        int port = random.nextInt(1, 65_536);
        return switch (random.nextInt(8)) {
            case 0 -> Frames.arp(Arp.REQUEST, ONE, ONE.address(), new Ipv4(SUBNET.base().bits() + random.nextInt(256)));
            case 1 -> Frames.dhcp(ONE, DhcpServer.DISCOVER, Ipv4.ANY);
            case 2 -> Frames.toGateway(ONE, SUBNET.nameServer(), 53, Frames.query("two.test.internal", 1));
            case 3 -> Frames.ipv6(ONE, 59, new byte[1000]);
            case 4 -> Frames.udp(ONE, TWO.card(), TWO.address(), port, new byte[1000]);
            case 5 -> Frames.syn(ONE, port, SUBNET.gateway(), random.nextInt(1, 1024));
            case 6 -> Frames.part(ONE, FAR, port);
            default -> {
                byte[] noise = new byte[14 + random.nextInt(200)];
                random.nextBytes(noise);
                MemorySegment frame = MemorySegment.ofArray(noise);
                Layout.put(frame, 0, SUBNET.gatewayCard());
                Layout.put(frame, 6, ONE.card());
                Layout.put16(frame, 12, Ethernet.IPV4);
                yield frame;
            }
        };
    }

    /// What libslirp makes of it is its own; this process, which it is in, is still there.
    @Test
    @Tag("long")
    void nonsenseForTheOutsideBreaksNothing() throws Exception {
        try (Network network = Network.open(settings())) {
            network.configure(List.of(seat(ONE), seat(TWO)), List.of());
            try (var one = new HandMachine(seat(ONE)); var two = new HandMachine(seat(TWO))) {
                Thread reading = Thread.ofVirtual().start(() -> readAll(one));
                for (int seed = 0; seed < 30; seed++) {
                    var strange = new StrangeFrames(seed);
                    one.send(Stream.generate(strange::next).limit(10_000).toList());
                    two.settle();
                }
                one.channel.close();
                reading.join();
            }
        }
    }

    private static void readAll(HandMachine machine) {
        try {
            while (machine.receive().length > 0) {}
        } catch (IOException closed) {
            Thread.currentThread().interrupt();
        }
    }

    /// Everything at once and at full rate, from one that reads nothing of what it is answered; the other is served all the while.
    @Test
    void whileOneFloodsTheNetworkTheOtherIsAnswered() throws Exception {
        var random = new Random(20_261_123);
        List<MemorySegment> flood = IntStream.range(0, 5000).mapToObj(_ -> something(random)).toList();
        var going = new AtomicBoolean(true);
        try (Network network = Network.open(settings())) {
            network.configure(List.of(seat(ONE), seat(TWO)), List.of());
            try (var one = new HandMachine(seat(ONE)); var two = new HandMachine(seat(TWO))) {
                two.settle();
                Thread flooding = Thread.ofPlatform().start(() -> {
                    while (going.get()) {
                        try {
                            one.send(flood);
                        } catch (IOException closed) {
                            return;
                        }
                    }
                });
                var nanos = new ArrayList<Long>();
                for (int i = 0; i < 200; i++) {
                    long begun = System.nanoTime();
                    two.settle();
                    nanos.add(System.nanoTime() - begun);
                }
                going.set(false);
                one.channel.close();
                flooding.join();
                nanos.sort(null);
                System.getLogger(getClass().getName()).log(System.Logger.Level.INFO, "answered within " + nanos.get(100) / 1000 + " µs, at most " + nanos.getLast() / 1000);
                assertThat(nanos.get(100)).as("half of the answers, in ns").isLessThan(50_000_000);
            }
        }
    }
}
