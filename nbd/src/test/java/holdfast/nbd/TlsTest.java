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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Other programs' TLS, with certificates as openssl makes them.
@Timeout(120)
@Needs("openssl")
class TlsTest {
    private static final int SIZE = 8 << 20;

    @TempDir
    Path directory;

    private final MemoryDevice memory = new MemoryDevice(ByteSize.ofMebibytes(8));
    private final byte[] content = new byte[SIZE];
    private Path serversOwn;
    private Path clientsOwn;
    private final List<NbdServer> servers = new ArrayList<>();

    @BeforeEach
    void makeCertificates() throws Exception {
        serversOwn = Files.createDirectory(directory.resolve("server"));
        clientsOwn = Files.createDirectory(directory.resolve("client"));
        Certificates certificates = Certificates.in(directory.resolve("authority"));
        certificates.make(serversOwn, "server", 30);
        certificates.make(clientsOwn, "client", 30);
        certificates.trustIn(clientsOwn);
        new Random(1).nextBytes(content);
        new Blocking(memory).write(0, content);
    }

    private static Program run(Path directory, String command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder("sh", "-c", command).directory(directory.toFile()).redirectErrorStream(true);
        return Program.run(builder, Program.LIMIT);
    }

    private static String in(Path directory, String command) throws IOException, InterruptedException {
        Program run = run(directory, command);
        assertThat(run.exitCode()).as(run.output()).isZero();
        return run.output();
    }

    private NbdServer serve(NbdAddress address) {
        var server = NbdServer.open(address, List.of(new Export("disk", "", memory)), TlsIdentity.ofServer(serversOwn));
        servers.add(server);
        return server;
    }

    private NbdServer serve() {
        return serve(new NbdAddress.Unix(directory.resolve("socket")));
    }

    @AfterEach
    void end() {
        servers.forEach(NbdServer::close);
    }

    private String uri() {
        return "'" + servers.getLast().uri() + "&tls-certificates=" + clientsOwn + "'";
    }

    @Test
    @Needs({"nbdinfo", "nbdcopy"})
    void libnbdCopiesBothWays() throws Exception {
        NbdServer server = serve();
        assertThat(server.uri()).startsWith("nbds+unix:///?socket=");
        assertThat(in(directory, "nbdinfo " + uri())).contains("protocol: newstyle-fixed with TLS, using structured packets");
        in(directory, "nbdcopy --connections=4 " + uri() + " copy.img");
        assertThat(Files.readAllBytes(directory.resolve("copy.img"))).isEqualTo(content);
        var other = new byte[SIZE];
        new Random(2).nextBytes(other);
        Files.write(directory.resolve("other.img"), other);
        in(directory, "nbdcopy --flush other.img " + uri());
        assertThat(new Blocking(memory).read(0, SIZE)).isEqualTo(other);
    }

    @Test
    @Needs("qemu-img")
    void qemuReadsByTcp() throws Exception {
        int port = ((NbdAddress.Port) serve(new NbdAddress.Port(0)).address()).number();
        in(directory, "qemu-img convert --object tls-creds-x509,id=t,endpoint=client,dir=" + clientsOwn
                + " --image-opts driver=nbd,host=127.0.0.1,port=" + port + ",tls-creds=t -O raw copy.img");
        assertThat(Files.readAllBytes(directory.resolve("copy.img"))).isEqualTo(content);
    }

    @Test
    @Needs("nbdinfo")
    void whereTheServerKnowsAnAuthorityClientsNeedItsCertificate() throws Exception {
        Files.copy(clientsOwn.resolve("ca-cert.pem"), serversOwn.resolve("ca-cert.pem"));
        serve();
        assertThat(in(directory, "nbdinfo --size " + uri()).strip()).isEqualTo(String.valueOf(SIZE));
        Files.delete(clientsOwn.resolve("client-cert.pem"));
        Files.delete(clientsOwn.resolve("client-key.pem"));
        assertThat(run(directory, "nbdinfo --size " + uri()).exitCode()).isNotZero();
    }

    @Test
    void withoutTlsNobodyGetsAnywhere() throws Exception {
        NbdServer server = serve();
        try (TestClient client = TestClient.connect(server.address()).greeted()) {
            for (int option : new int[] {Protocol.OPT_LIST, Protocol.OPT_STRUCTURED_REPLY, Protocol.OPT_GO, Protocol.OPT_INFO, 4711}) {
                client.option(option, TestClient.info("disk"));
                assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ERR_TLS_REQD);
            }
            client.option(Protocol.OPT_EXPORT_NAME, new byte[0]);
            assertThat(client.isCutOff()).isTrue();
        }
        assertThatThrownBy(() -> NbdDevice.look(server.address().uri()))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("the server wants TLS");
    }

    @Test
    void whatIsSentInTheClearAfterStartTlsIsNeverTaken() throws Exception {
        NbdServer server = serve();
        try (TestClient client = TestClient.connect(server.address()).greeted()) {
            byte[] options = TestClient.bytes(out -> {
                out.writeLong(Protocol.IHAVEOPT);
                out.writeInt(Protocol.OPT_STARTTLS);
                out.writeInt(0);
                out.writeLong(Protocol.IHAVEOPT);
                out.writeInt(Protocol.OPT_LIST);
                out.writeInt(0);
            });
            client.send(options);
            assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    @Needs("nbdinfo")
    void noiseInPlaceOfTlsHarmsNobody() throws Exception {
        NbdServer server = serve();
        var random = new Random(3);
        for (int round = 0; round < 100; round++) {
            try (TestClient client = TestClient.connect(server.address()).greeted()) {
                client.option(Protocol.OPT_STARTTLS, new byte[0]);
                assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
                var noise = new byte[random.nextInt(2000)];
                random.nextBytes(noise);
                if (noise.length > 5 && random.nextBoolean()) {
                    // The header of a record of TLS, which then is noise.
                    System.arraycopy(new byte[] {22, 3, 1, 0, (byte) random.nextInt()}, 0, noise, 0, 5);
                }
                client.send(noise);
            }
        }
        assertThat(in(directory, "nbdinfo --size " + uri()).strip()).isEqualTo(String.valueOf(SIZE));
    }

    @Test
    void aServerWithoutACertificateSaysSo() throws Exception {
        NbdServer server = NbdServer.open(new NbdAddress.Unix(directory.resolve("socket")), List.of(new Export("disk", "", memory)));
        servers.add(server);
        try (TestClient client = TestClient.connect(server.address()).greeted()) {
            client.option(Protocol.OPT_STARTTLS, new byte[0]);
            assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ERR_POLICY);
            client.option(Protocol.OPT_LIST, new byte[0]);
            assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_SERVER);
        }
    }

    @Test
    void filesThatAreMissingOrNoCertificatesAreNamed() throws Exception {
        Path key = serversOwn.resolve("server-key.pem");
        Files.writeString(key, "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
        refused(key.toString(), "openssl pkcs8");
        Files.writeString(key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        refused(key.toString(), "openssl pkcs8");
        Files.delete(key);
        refused(key.toString(), "is not there");
        Files.copy(clientsOwn.resolve("client-key.pem"), key);
        Files.writeString(serversOwn.resolve("server-cert.pem"), "nothing");
        refused("server-cert.pem", "has no certificate");
        Files.delete(serversOwn.resolve("server-cert.pem"));
        refused("server-cert.pem", "is not there");
    }

    private void refused(String file, String message) {
        assertThatThrownBy(() -> TlsIdentity.ofServer(serversOwn))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining(file)
                .hasMessageContaining(message);
    }
}
