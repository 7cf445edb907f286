package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.ByteSize;
import holdfast.block.Geometry;
import holdfast.block.MemoryDevice;
import holdfast.nbd.TestClient.OptionReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HandshakeTest {
    private final MemoryDevice first = new MemoryDevice(ByteSize.ofMebibytes(3));
    private final MemoryDevice second = new MemoryDevice(new Geometry(1 << 20, 4096, 8192, true, false, true, true, 64));
    private Served served;

    @BeforeEach
    void serve() throws IOException {
        served = Served.of(List.of(new Export("disk", "a disk", first), new Export("süß", "another", second)));
    }

    @AfterEach
    void end() throws IOException {
        served.close();
    }

    /// All replies to one option, the last of which ends them.
    private static List<OptionReply> ask(TestClient client, int option, byte[] data) throws IOException {
        client.option(option, data);
        var replies = new ArrayList<OptionReply>();
        do {
            replies.add(client.optionReply());
            assertThat(replies.getLast().option()).isEqualTo(option);
        } while (replies.getLast().type() > Protocol.REP_ACK);
        return replies;
    }

    private static int outcome(TestClient client, int option, byte[] data) throws IOException {
        return ask(client, option, data).getLast().type();
    }

    @Test
    void listNamesEveryExport() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            List<OptionReply> replies = ask(client, Protocol.OPT_LIST, new byte[0]);
            assertThat(replies).extracting(OptionReply::type).containsExactly(Protocol.REP_SERVER, Protocol.REP_SERVER, Protocol.REP_ACK);
            assertThat(replies.get(0).text()).isEqualTo("\0\0\0\4diska disk");
            assertThat(replies.get(1).text()).isEqualTo("\0\0\0\5süßanother");
        }
    }

    @Test
    void infoTellsOfSizeFlagsBlocksNameAndDescription() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            List<OptionReply> replies = ask(client, Protocol.OPT_INFO, TestClient.info("süß", 3, 1, 2, 99));
            assertThat(replies).extracting(OptionReply::type).containsExactly(3, 3, 3, 3, Protocol.REP_ACK);
            ByteBuffer export = ByteBuffer.wrap(replies.get(0).data());
            assertThat(export.getShort()).isZero();
            assertThat(export.getLong()).isEqualTo(1 << 20);
            assertThat(export.getShort())
                    .isEqualTo((short) (Protocol.FLAG_HAS_FLAGS | Protocol.FLAG_READ_ONLY | Protocol.FLAG_SEND_FLUSH
                            | Protocol.FLAG_SEND_FUA | Protocol.FLAG_CAN_MULTI_CONN | Protocol.FLAG_SEND_CACHE));
            assertThat(replies.get(1).text()).isEqualTo("\0\1süß");
            assertThat(replies.get(2).text()).isEqualTo("\0\2another");
            ByteBuffer blocks = ByteBuffer.wrap(replies.get(3).data());
            assertThat(blocks.getShort()).isEqualTo((short) 3);
            assertThat(blocks.getInt()).isEqualTo(4096);
            assertThat(blocks.getInt()).isEqualTo(8192);
            assertThat(blocks.getInt()).isEqualTo(32 << 20);
        }
    }

    @Test
    void aWritableDiskCanTrimAndZeroAndDoesNotFragmentOnlyWithStructuredReplies() throws IOException {
        int writable = Protocol.FLAG_SEND_TRIM | Protocol.FLAG_SEND_WRITE_ZEROES | Protocol.FLAG_SEND_FAST_ZERO;
        try (TestClient client = served.connect().greeted()) {
            assertThat(flags(client) & (writable | Protocol.FLAG_SEND_DF | Protocol.FLAG_READ_ONLY)).isEqualTo(writable);
            client.option(Protocol.OPT_STRUCTURED_REPLY, new byte[0]);
            assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
            assertThat(flags(client) & Protocol.FLAG_SEND_DF).isNotZero();
        }
    }

    private static int flags(TestClient client) throws IOException {
        return ByteBuffer.wrap(ask(client, Protocol.OPT_INFO, TestClient.info("disk")).getFirst().data()).getShort(10);
    }

    @Test
    void theEmptyNameIsTheFirstExport() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            List<OptionReply> replies = ask(client, Protocol.OPT_INFO, TestClient.info("", 1));
            assertThat(replies.get(1).text()).isEqualTo("\0\1disk");
        }
    }

    @Test
    void whatIsUnknownOrSenselessIsRefusedAndTheHandshakeGoesOn() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            assertThat(outcome(client, Protocol.OPT_GO, TestClient.info("no"))).isEqualTo(Protocol.REP_ERR_UNKNOWN);
            assertThat(outcome(client, Protocol.OPT_INFO, TestClient.info("no"))).isEqualTo(Protocol.REP_ERR_UNKNOWN);
            assertThat(outcome(client, 4711, new byte[100])).isEqualTo(Protocol.REP_ERR_UNSUP);
            assertThat(outcome(client, 4711, new byte[1 << 20])).isEqualTo(Protocol.REP_ERR_TOO_BIG);
            assertThat(outcome(client, Protocol.OPT_LIST, new byte[1])).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_STRUCTURED_REPLY, new byte[1])).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_GO, new byte[0])).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_GO, new byte[] {127, 0, 0, 0, 0, 0})).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_GO, new byte[] {-1, 0, 0, 0, 0, 0})).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_INFO, new byte[] {0, 0, 0, 1, -1, 0, 0})).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_GO, new byte[] {0, 0, 0, 0, 0, 2, 0, 0})).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_GO, TestClient.info("disk"))).isEqualTo(Protocol.REP_ACK);
        }
    }

    @Test
    void metadataNeedsStructuredRepliesAndThereIsOneContext() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            int list = Protocol.OPT_LIST_META_CONTEXT;
            int set = Protocol.OPT_SET_META_CONTEXT;
            assertThat(outcome(client, set, TestClient.queries("disk", "base:allocation"))).isEqualTo(Protocol.REP_ERR_INVALID);
            client.option(Protocol.OPT_STRUCTURED_REPLY, new byte[0]);
            assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
            for (byte[] found : List.of(
                    TestClient.queries("disk"), TestClient.queries("disk", "x:y", "base:"), TestClient.queries("", "base:allocation"))) {
                assertThat(ask(client, list, found).getFirst().text()).isEqualTo("\0\0\0\0base:allocation");
            }
            assertThat(ask(client, set, TestClient.queries("disk", "base:allocation", "x:")).getFirst().text())
                    .isEqualTo("\0\0\0\1base:allocation");
            for (byte[] nothing : List.of(
                    TestClient.queries("disk"), TestClient.queries("disk", "base:"), TestClient.queries("disk", "base:else", "x"))) {
                assertThat(ask(client, set, nothing)).hasSize(1);
            }
            assertThat(outcome(client, set, TestClient.queries("no", "base:allocation"))).isEqualTo(Protocol.REP_ERR_UNKNOWN);
            assertThat(outcome(client, set, new byte[] {0, 0, 0, 0, 127, 0, 0, 0})).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, set, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 9})).isEqualTo(Protocol.REP_ERR_INVALID);
        }
    }

    @Test
    void aContextSelectedForOneExportIsNotThatOfAnother() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            outcome(client, Protocol.OPT_STRUCTURED_REPLY, new byte[0]);
            assertThat(outcome(client, Protocol.OPT_SET_META_CONTEXT, TestClient.queries("süß", "base:allocation"))).isEqualTo(Protocol.REP_ACK);
            assertThat(outcome(client, Protocol.OPT_GO, TestClient.info("disk"))).isEqualTo(Protocol.REP_ACK);
            assertThat(client.outcome(0, Protocol.CMD_BLOCK_STATUS, 0, 4096)).isEqualTo(NbdError.EINVAL.code());
        }
    }

    @Test
    void exportNameIsTheOldWayIn() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            client.option(Protocol.OPT_EXPORT_NAME, "disk".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            assertThat(client.in.readLong()).isEqualTo(3 << 20);
            assertThat(client.in.readShort() & Protocol.FLAG_HAS_FLAGS).isNotZero();
            assertThat(client.read(0, 512)).containsOnly(0);
        }
    }

    @Test
    void exportNameOfNothingEndsTheConnection() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            client.option(Protocol.OPT_EXPORT_NAME, new byte[] {'n', 'o'});
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void abortIsAnsweredAndEndsTheConnection() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            assertThat(outcome(client, Protocol.OPT_ABORT, new byte[0])).isEqualTo(Protocol.REP_ACK);
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void flagsThatWeDoNotKnowEndTheConnection() throws IOException {
        try (TestClient client = served.connect()) {
            client.send(new byte[] {0, 0, 0, 7});
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void anExportHasSoManyClientsAndNoMore() throws IOException {
        var clients = new ArrayList<TestClient>();
        try (TestClient oneMore = served.connect().greeted()) {
            for (int i = 0; i < Export.CONNECTIONS_MAX; i++) {
                clients.add(served.simple());
            }
            assertThat(outcome(oneMore, Protocol.OPT_GO, TestClient.info("disk"))).isEqualTo(Protocol.REP_ERR_POLICY);
            clients.removeFirst().close();
            org.awaitility.Awaitility.await()
                    .until(() -> outcome(oneMore, Protocol.OPT_GO, TestClient.info("disk")) == Protocol.REP_ACK);
        } finally {
            for (TestClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void aClientThatCannotMakeUpItsMindIsCutOff() throws IOException {
        var waiting = new java.util.concurrent.ConcurrentLinkedQueue<Runnable>();
        NbdAddress address = new NbdAddress.Unix(served.directory().resolve("other"));
        try (var server = NbdServer.open(address, List.of(new Export("disk", "", first)), null, (_, action) -> waiting.add(action));
                TestClient slow = TestClient.connect(address).greeted();
                TestClient chosen = TestClient.go(server.address(), "disk", false)) {
            assertThat(chosen.read(0, 512)).hasSize(512);
            waiting.forEach(Runnable::run);
            assertThat(slow.isCutOff()).isTrue();
            assertThat(chosen.read(0, 512)).hasSize(512);
        }
    }
}
