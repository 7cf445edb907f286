package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.ByteSize;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.MemoryDevice;
import holdfast.block.OperatorError;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NbdServerTest {
    @TempDir
    Path directory;

    private final MemoryDevice memory = new MemoryDevice(ByteSize.ofMebibytes(1));
    private final List<Export> exports = List.of(new Export("disk", "", memory));

    private NbdServer open(Path socket) {
        return NbdServer.open(new NbdAddress.Unix(socket), exports);
    }

    @Test
    void aSocketIsItsOwnersAndIsGoneAtTheEnd() throws IOException {
        Path socket = directory.resolve("socket");
        try (NbdServer server = open(socket)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket))).isEqualTo("rw-------");
            assertThat(server.address().uri()).isEqualTo("nbd+unix:///?socket=" + socket);
        }
        assertThat(socket).doesNotExist();
    }

    @Test
    void aSocketThatNobodyListensAtIsReplaced() throws IOException {
        Path socket = directory.resolve("socket");
        try (var killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();
        try (NbdServer server = open(socket); TestClient client = TestClient.go(server.address(), "", false)) {
            assertThat(client.read(0, 512)).hasSize(512);
        }
    }

    @Test
    void aSocketInUseIsLeftAlone() throws IOException {
        Path socket = directory.resolve("socket");
        try (NbdServer server = open(socket)) {
            assertThatThrownBy(() -> open(socket)).isInstanceOf(OperatorError.class).hasMessageContaining("another program listens");
            TestClient.go(server.address(), "", false).close();
        }
    }

    @Test
    void aFileInPlaceOfASocketIsLeftAlone() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "mine");
        assertThatThrownBy(() -> open(file)).isInstanceOf(OperatorError.class).hasMessageContaining("is no socket");
        assertThat(file).hasContent("mine");
    }

    @Test
    void aPathThatIsTooLongOrNowhereIsRefused() {
        assertThatThrownBy(() -> open(directory.resolve("x".repeat(120)))).isInstanceOf(OperatorError.class);
        assertThatThrownBy(() -> open(directory.resolve("no/socket"))).isInstanceOf(OperatorError.class);
    }

    @Test
    void aPortIsOfTheLoopbackInterfaceAlone() throws IOException {
        try (NbdServer server = NbdServer.open(new NbdAddress.Port(0), exports)) {
            var port = (NbdAddress.Port) server.address();
            assertThat(port.number()).isPositive();
            assertThat(port.uri()).isEqualTo("nbd://127.0.0.1:" + port.number());
            assertThatThrownBy(() -> NbdServer.open(port, exports)).isInstanceOf(OperatorError.class).hasMessageContaining("port");
        }
    }

    @Test
    void pathsAreEscapedInUris() {
        assertThat(new NbdAddress.Unix(Path.of("/tmp/a b&c#d+e?é%")).uri())
                .isEqualTo("nbd+unix:///?socket=/tmp/a%20b%26c%23d%2Be%3F%C3%A9%25");
    }

    @Test
    void drainingAnswersWhatWasReadAndLetsNothingMoreIn() throws Exception {
        var faulty = new FaultyDevice(memory, _ -> new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None()));
        Path socket = directory.resolve("socket");
        try (var server = NbdServer.open(new NbdAddress.Unix(socket), List.of(new Export("disk", "", faulty)));
                TestClient client = TestClient.go(server.address(), "disk", false);
                TestClient idle = TestClient.go(server.address(), "disk", false);
                TestClient undecided = TestClient.connect(server.address()).greeted()) {
            client.ask(Protocol.CMD_WRITE, 5, 0, 512, new byte[512]);
            Awaitility.await().until(() -> faulty.held() == 1);
            var drained = CompletableFuture.supplyAsync(() -> server.drain(Served.seconds(30)));
            assertThat(idle.isCutOff()).isTrue();
            assertThat(undecided.isCutOff()).isTrue();
            assertThat(socket).doesNotExist();
            assertThat(drained).isNotDone();
            Awaitility.await().until(NbdServerTest::nobodyReadsRequests);
            faulty.release();
            assertThat(client.reply().cookie()).isEqualTo(5);
            assertThat(drained.get()).isTrue();
            assertThat(client.isCutOff()).isTrue();
        }
    }

    /// Whether each thread that served a client has ended, or got as far as waiting for what is under way.
    private static boolean nobodyReadsRequests() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> thread.getKey().getName().matches("nbd #\\d+"))
                .allMatch(thread -> Arrays.stream(thread.getValue())
                        .anyMatch(call -> call.getClassName().equals(Buffers.class.getName()) && call.getMethodName().equals("close")));
    }

    @Test
    void drainingGivesUpInTimeOnAClientThatTakesNothing() throws Exception {
        NbdServer server = open(directory.resolve("socket"));
        try (TestClient client = TestClient.go(server.address(), "disk", false)) {
            for (int i = 0; i < 8; i++) {
                client.ask(Protocol.CMD_READ, i, 0, 1 << 20);
            }
            assertThat(client.reply().error()).isZero();
            assertThat(server.drain(System.nanoTime() + 100_000_000)).isFalse();
        } finally {
            server.close();
        }
        assertThat(server.connections()).isZero();
    }

    @Test
    void aDeviceThatWasClosedIsSaidToBeGoingAway() throws IOException {
        try (NbdServer server = open(directory.resolve("socket"));
                TestClient client = TestClient.go(server.address(), "disk", false)) {
            memory.close();
            assertThat(client.outcome(0, Protocol.CMD_FLUSH, 0, 0)).isEqualTo(NbdError.ESHUTDOWN.code());
            assertThat(client.write(0, new byte[3 << 20 >> 2])).isEqualTo(NbdError.ESHUTDOWN.code());
            assertThat(client.outcome(Protocol.CMD_FLAG_FUA, Protocol.CMD_TRIM, 0, 512)).isEqualTo(NbdError.ESHUTDOWN.code());
        }
    }
}
