package holdfast.network;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import holdfast.testkit.Needs;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of networks.
@Needs("/usr/lib/x86_64-linux-gnu/libslirp.so.0")
class NetworkMutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.network.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "NetworkMutantsTest", here + test);
    }

    /// Some port, whoever is at it.
    static @Nullable Object get(Map<?, ?> ports, Object card) {
        return ports.get(Frames.THREE.card());
    }

    /// All addresses of the host.
    static Ipv4 bind(Forward forward) {
        return Ipv4.ANY;
    }

    /// Whoever has sent it is believed.
    static MacAddress source(Ethernet frame) {
        return Frames.ONE.card();
    }

    /// The host is reached by its loopback.
    static int firstByte(Ipv4 address) {
        return 10;
    }

    /// Sockets without end.
    static boolean admits(Openings openings, Opening opening) {
        return true;
    }

    /// As libslirp has left it.
    static void listen(Posix posix, int socket, int backlog) {}

    /// Parts, options and all.
    static boolean isPlain(Packet packet) {
        return true;
    }

    /// Whatever it says.
    static boolean isOfRouter(Ipv6Packet packet) {
        return false;
    }

    /// Whatever is longer than a frame goes as it is.
    static long byteSize(MemorySegment frame) {
        return 60;
    }

    /// As long as there is something.
    static boolean getAsBoolean(BooleanSupplier goesOn) {
        return true;
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("switch forwards to the wrong port", "Switch", "toMachines", "Map.get",
                        "SwitchTest.aFrameGoesToTheMachineThatItIsForAndToNoOther"),
                mutant("forward bound to all addresses", "Slirp", "add", "Forward.bind", "NetworkTest.aForwardLeadsInAndIsBoundWhereItSays"),
                mutant("a frame's source is believed", "Switch", "passed", "Ethernet.source", "SwitchTest.nobodyPassesForSomebodyElse"),
                mutant("the host's loopback is behind the gateway", "Switch", "toNetwork", "Ipv4.firstByte",
                        "SwitchTest.behindTheGatewayIsNeitherTheHostNorTheNetworkItself"),
                mutant("sockets are not counted", "Slirp", "take", "Openings.admits",
                        "NetworkFloodTest.whoSendsFromEachPortHasItsShareOfSocketsAndOthersHaveTheirs"),
                mutant("a forward lets one connection wait", "Slirp", "listen", "Posix.listen", "NetworkFloodTest.aBurstOfConnectionsToAForwardIsLetWait"),
                mutant("libslirp puts parts together", "Switch", "toNetwork", "Packet.isPlain", "SwitchTest.onlyPlainPacketsGoOut"),
                mutant("a machine is the router", "Switch", "ipv6", "Ipv6Packet.isOfRouter", "SwitchTest.nobodyIsARouterByIpv6"),
                mutant("what is longer than a frame is not cut", "Switch", "ipv4", "MemorySegment.byteSize", "SwitchTest.aLargePacketOfTcpComesToAMachineInSegments"),
                mutant("a turn takes as long as there is something", "PortSocket", "receive", "BooleanSupplier.getAsBoolean",
                        "NetworkFloodTest.aTurnEndsAfterItsTimeAndNothingIsLost"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run()).isEqualTo(Mutant.Fate.KILLED);
    }
}
