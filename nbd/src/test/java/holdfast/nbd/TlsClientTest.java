package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import holdfast.block.OperatorError;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Our client with TLS: of our server, qemu-nbd and nbdkit; and with everybody who is not to be trusted.
@Timeout(120)
@Needs("openssl")
class TlsClientTest {
    private static final int SIZE = 8 << 20;

    @TempDir
    Path directory;

    private final MemoryDevice memory = new MemoryDevice(ByteSize.ofMebibytes(8));
    private final byte[] content = new byte[SIZE];
    private Certificates certificates;
    private Path serversOwn;
    private Path clientsOwn;

    @BeforeEach
    void makeCertificates() throws Exception {
        serversOwn = Files.createDirectory(directory.resolve("server"));
        clientsOwn = Files.createDirectory(directory.resolve("client"));
        certificates = Certificates.in(directory.resolve("authority"));
        certificates.make(serversOwn, "server", 30);
        certificates.trustIn(clientsOwn);
        new Random(1).nextBytes(content);
        new Blocking(memory).write(0, content);
    }

    @AfterEach
    void end() {
        memory.close();
    }

    private NbdServer serve(NbdAddress address) {
        return NbdServer.open(address, List.of(new Export("disk", "", memory)), TlsIdentity.ofServer(serversOwn));
    }

    private NbdAddress socket() {
        return new NbdAddress.Unix(directory.resolve("socket"));
    }

    /// With the client's directory.
    private String trusting(String uri) {
        return uri + (uri.contains("?") ? "&" : "?") + "tls-certificates=" + clientsOwn;
    }

    private void readsAndWrites(String uri) throws Exception {
        try (NbdDevice device = NbdDevice.open(uri, Duration.ofSeconds(30))) {
            var disk = new Blocking(device);
            assertThat(disk.read(0, SIZE)).isEqualTo(content);
            byte[] other = new byte[SIZE];
            new Random(2).nextBytes(other);
            disk.write(0, other);
            disk.flush();
            assertThat(disk.read(0, SIZE)).isEqualTo(other);
        }
    }

    @Test
    void readsAndWritesAtOurServersSocketAndPort() throws Exception {
        for (NbdAddress address : new NbdAddress[] {socket(), new NbdAddress.Port(0)}) {
            new Blocking(memory).write(0, content);
            try (NbdServer server = serve(address)) {
                assertThat(server.uri()).startsWith("nbds");
                readsAndWrites(trusting(server.uri()));
            }
        }
    }

    @Test
    void goesOnWithASuccessorOfTheServer() throws Exception {
        NbdServer first = serve(socket());
        try (NbdDevice device = NbdDevice.open(trusting(first.uri()), Duration.ofSeconds(50))) {
            var disk = new Blocking(device);
            assertThat(disk.read(0, 512)).isEqualTo(java.util.Arrays.copyOf(content, 512));
            first.close();
            try (NbdServer _ = serve(socket())) {
                assertThat(disk.read(0, SIZE)).isEqualTo(content);
            }
        }
    }

    private static void refused(String uri, String... message) {
        assertThatThrownBy(() -> NbdDevice.look(uri)).isInstanceOf(OperatorError.class).hasMessageContainingAll(message);
        assertThatThrownBy(() -> NbdDevice.open(uri, Duration.ZERO))
                .isInstanceOf(OperatorError.class)
                .hasMessageContainingAll(message);
    }

    @Test
    void aServerThatWantsACertificateGetsOurs() throws Exception {
        certificates.trustIn(serversOwn);
        try (NbdServer server = serve(socket())) {
            String uri = trusting(server.uri());
            refused(uri, "wants a certificate", "client-cert.pem");
            certificates.make(clientsOwn, "client", 30);
            readsAndWrites(uri);
        }
    }

    @Test
    void aServerOfAnotherAuthorityIsNotTrusted() throws Exception {
        try (NbdServer server = serve(socket())) {
            refused(server.uri(), "of no authority that is trusted", "tls-certificates");
            Files.delete(clientsOwn.resolve("ca-cert.pem"));
            Certificates.in(directory.resolve("other")).trustIn(clientsOwn);
            refused(trusting(server.uri()), "of no authority that is trusted");
        }
    }

    @Test
    void aServerOfAnotherNameIsNotTheOne() throws Exception {
        try (NbdServer server = serve(new NbdAddress.Port(0))) {
            refused(trusting(server.uri()) + "&tls-hostname=example.org", "is not for example.org", "tls-hostname");
            readsAndWrites(trusting(server.uri()) + "&tls-hostname=localhost");
        }
    }

    @Test
    void aCertificateThatHasRunOutIsNotTaken() throws Exception {
        certificates.make(serversOwn, "server", -1);
        try (NbdServer server = serve(socket())) {
            refused(trusting(server.uri()), "is not valid now");
        }
    }

    @Test
    void aServerWithoutTlsGetsNothingInTheClear() throws Exception {
        try (NbdServer server = NbdServer.open(socket(), List.of(new Export("disk", "", memory)))) {
            refused(trusting(server.uri().replace("nbd+", "nbds+")), "offers no TLS");
        }
    }

    @Test
    void aDirectoryThatLacksTheAuthorityIsNamed() throws Exception {
        Files.delete(clientsOwn.resolve("ca-cert.pem"));
        try (NbdServer server = serve(socket())) {
            refused(trusting(server.uri()), clientsOwn + "/ca-cert.pem", "is not there");
        }
    }

    @Test
    void certificatesAreNotForAnAddressWithoutTls() {
        assertThatThrownBy(() -> NbdDevice.look("nbd://localhost", clientsOwn))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("without TLS");
    }

    private void readsAndWritesOnce(String uri, Process server) throws Exception {
        try {
            Awaitility.await().until(() -> {
                try {
                    return NbdDevice.look(uri).sizeBytes() == SIZE;
                } catch (OperatorError notYet) {
                    return false;
                }
            });
            readsAndWrites(uri);
        } finally {
            server.destroyForcibly().onExit().join();
        }
    }

    private Path image() throws IOException {
        return Files.write(directory.resolve("disk.img"), content);
    }

    @Test
    @Needs("qemu-nbd")
    void readsAndWritesWithQemuNbd() throws Exception {
        certificates.trustIn(serversOwn);
        certificates.make(clientsOwn, "client", 30);
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Process qemu = Program.start("qemu-nbd", "-t", "-f", "raw", "-b", "127.0.0.1", "-p", port, "--object",
                "tls-creds-x509,id=tls,endpoint=server,verify-peer=yes,dir=" + serversOwn, "--tls-creds", "tls", image());
        readsAndWritesOnce(trusting("nbds://127.0.0.1:" + port), qemu);
    }

    @Test
    @Needs("nbdkit")
    void readsAndWritesWithNbdkit() throws Exception {
        certificates.trustIn(serversOwn);
        Path socket = directory.resolve("socket");
        Process nbdkit = Program.start(
                "nbdkit", "-f", "-U", socket, "--tls=require", "--tls-certificates=" + serversOwn, "file", image());
        readsAndWritesOnce(trusting(new NbdAddress.Unix(socket).uri().replace("nbd+", "nbds+")), nbdkit);
    }
}
