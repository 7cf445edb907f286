package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.MemoryDevice;
import holdfast.block.RecordingDevice;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Lengths of 64 bits. Bytes are written here as the protocol's branch extension-ext-header has them.
@Timeout(60)
class ExtendedHeadersTest {
    private static final long TEBIBYTE = 1L << 40;
    private static final String REQUEST = "21e41c71";
    private static final String REPLY = "6e8a278c";
    private static final String COOKIE = "1122334455667788";

    private final MemoryDevice memory = new MemoryDevice(new ByteSize(TEBIBYTE));
    private Served served;

    @BeforeEach
    void serve() throws IOException {
        served = Served.of(memory);
    }

    @AfterEach
    void end() throws IOException {
        served.close();
        memory.close();
    }

    private TestClient extended() throws IOException {
        TestClient client = served.connect().greeted();
        assertThat(outcome(client, Protocol.OPT_EXTENDED_HEADERS, new byte[0])).isEqualTo(Protocol.REP_ACK);
        client.option(Protocol.OPT_SET_META_CONTEXT, TestClient.queries("disk", "base:allocation"));
        assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_META_CONTEXT);
        assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
        client.option(Protocol.OPT_GO, TestClient.info("disk"));
        assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_INFO);
        assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
        return client;
    }

    private static int outcome(TestClient client, int option, byte[] data) throws IOException {
        client.option(option, data);
        return client.optionReply().type();
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    /// Sends a request without payload, and expects these very bytes.
    private static void asked(TestClient client, String flagsAndType, long offset, long length, String reply) throws IOException {
        sent(client, flagsAndType, offset, length, new byte[0], reply);
    }

    private static void sent(TestClient client, String flagsAndType, long offset, long length, byte[] payload, String reply)
            throws IOException {
        ByteBuffer request = ByteBuffer.allocate(32 + payload.length);
        request.put(bytes(REQUEST + flagsAndType + COOKIE)).putLong(offset).putLong(length).put(payload);
        client.send(request.array());
        byte[] expected = bytes(reply);
        assertThat(HexFormat.of().formatHex(client.in.readNBytes(expected.length))).isEqualTo(reply.replace(" ", ""));
    }

    private static String header(String flagsAndType, String offset, String length) {
        return REPLY + flagsAndType + COOKIE + offset + length;
    }

    @Test
    void everyReplyIsExtendedByteForByte() throws IOException {
        var sector = new byte[512];
        Arrays.fill(sector, (byte) 0xab);
        String at = "0000000000000400";
        try (TestClient client = extended()) {
            sent(client, "0020 0001", 1024, 512, sector, header("0001 0000", at, "0000000000000000"));
            asked(client, "0000 0000", 1024, 512, header("0001 0001", at, "0000000000000208") + at + "ab".repeat(512));
            asked(client, "0000 0003", 0, 0, header("0001 0000", "0000000000000000", "0000000000000000"));
            String message = HexFormat.of().formatHex("invalid request".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            asked(client, "0000 0000", 1, 512,
                    header("0001 8001", "0000000000000001", "0000000000000015") + "00000016 000f" + message);
            asked(client, "0000 0007", 0, TEBIBYTE,
                    header("0001 0006", "0000000000000000", "0000000000000028") + "00000001 00000002"
                            + "0000000000001000 0000000000000000 000000fffffff000 0000000000000003");
        }
    }

    @Test
    void oneRequestZeroesTrimsAndAsksForAWholeTebibyte() throws IOException, DiskException {
        new Blocking(memory).write(TEBIBYTE - 4096, filled(4096));
        String done = header("0001 0000", "0000000000000000", "0000000000000000");
        try (TestClient client = extended()) {
            asked(client, "0000 0006", 0, TEBIBYTE, done);
            assertThat(new Blocking(memory).read(TEBIBYTE - 4096, 4096)).containsOnly(0);
            new Blocking(memory).write(TEBIBYTE - 4096, filled(4096));
            asked(client, "0000 0004", 0, TEBIBYTE, done);
            asked(client, "0000 0007", 0, TEBIBYTE,
                    header("0001 0006", "0000000000000000", "0000000000000018") + "00000001 00000001"
                            + "0000010000000000 0000000000000003");
        }
    }

    private static byte[] filled(int length) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) 7);
        return bytes;
    }

    @Test
    void aPayloadIsTakenWhereItIsSaidToBeAndNowhereElse() throws IOException {
        String message = HexFormat.of().formatHex("invalid request".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        String invalid = header("0001 8001", "0000000000000000", "0000000000000015") + "00000016 000f" + message;
        try (TestClient client = extended()) {
            asked(client, "0000 0001", 0, 512, invalid);
            sent(client, "0020 0000", 0, 512, new byte[512], invalid);
            asked(client, "0000 0000", 0, -512, invalid);
            asked(client, "0000 0004", 0, Long.MIN_VALUE, invalid);
            asked(client, "0000 0003", 0, 0, header("0001 0000", "0000000000000000", "0000000000000000"));
        }
    }

    private static final String INVALID = header("0001 8001", "0000000000000200", "0000000000000015") + "00000016 000f"
            + HexFormat.of().formatHex("invalid request".getBytes(java.nio.charset.StandardCharsets.US_ASCII));

    /// Asks for the block status at 512 with this payload.
    private static void listed(TestClient client, String flags, String payload, String reply) throws IOException {
        byte[] list = bytes(payload);
        sent(client, flags + " 0007", 512, list.length, list, reply);
    }

    @Test
    void blockStatusIsTakenForTheContextsThatAreListed() throws IOException {
        new Blocking(memory).write(0, filled(8192));
        String half = "0000008000000000";
        String status = header("0001 0006", "0000000000000200", "0000000000000028") + "00000001 00000002"
                + "0000000000001e00 0000000000000000" + "0000007fffffe200 0000000000000003";
        String one = header("0001 0006", "0000000000000200", "0000000000000018") + "00000001 00000001"
                + "0000000000001e00 0000000000000000";
        try (TestClient client = extended()) {
            listed(client, "0020", half + "00000001", status);
            listed(client, "0028", half + "00000001", one);
            asked(client, "0008 0007", 512, 8192, one);
        }
    }

    @Test
    void aListOfContextsThatMakesNoSenseIsReadPastAndRefused() throws IOException {
        String size = "0000000000000200";
        try (TestClient client = extended()) {
            listed(client, "0020", size + "00000002", INVALID);
            listed(client, "0020", size + "00000001 00000001", INVALID);
            listed(client, "0020", size, INVALID);
            listed(client, "0020", size + "0000000100", INVALID);
            listed(client, "0020", size.substring(2), INVALID);
            listed(client, "0020", "", INVALID);
            listed(client, "0020", "0000000000000000 00000001", INVALID);
            listed(client, "0020", "ffffffffffffffff 00000001", INVALID);
            listed(client, "0020", "0000010000000000 00000001", INVALID);
            listed(client, "0020", "0000000000000001 00000001", INVALID);
            listed(client, "0022", size + "00000001", INVALID);
            sent(client, "0020 0007", 512, 12 + (1 << 20), new byte[12 + (1 << 20)], INVALID);
            asked(client, "0000 0003", 0, 0, header("0001 0000", "0000000000000000", "0000000000000000"));
        }
    }

    private static int flags(TestClient client, int option) throws IOException {
        client.option(option, TestClient.info("disk"));
        TestClient.OptionReply info = client.optionReply();
        assertThat(info.type()).isEqualTo(Protocol.REP_INFO);
        assertThat(client.optionReply().type()).isEqualTo(Protocol.REP_ACK);
        return ByteBuffer.wrap(info.data()).getShort(Short.BYTES + Long.BYTES);
    }

    @Test
    void listsOfContextsAreOfferedToWhoHasSelectedOne() throws IOException {
        int lists = Protocol.FLAG_BLOCK_STATUS_PAYLOAD;
        try (TestClient client = served.connect().greeted()) {
            assertThat(flags(client, Protocol.OPT_INFO) & lists).as("without extended headers").isZero();
            assertThat(outcome(client, Protocol.OPT_EXTENDED_HEADERS, new byte[0])).isEqualTo(Protocol.REP_ACK);
            assertThat(flags(client, Protocol.OPT_INFO) & lists).as("to one who looks").isEqualTo(lists);
            assertThat(flags(client, Protocol.OPT_GO) & lists).as("to one who has selected none").isZero();
            listed(client, "0020", "0000000000000200 00000001", INVALID);
        }
        try (TestClient client = served.connect().greeted()) {
            assertThat(outcome(client, Protocol.OPT_EXTENDED_HEADERS, new byte[0])).isEqualTo(Protocol.REP_ACK);
            client.option(Protocol.OPT_SET_META_CONTEXT, TestClient.queries("disk", "base:allocation"));
            client.optionReply();
            client.optionReply();
            assertThat(flags(client, Protocol.OPT_GO) & lists).isEqualTo(lists);
        }
    }

    @Test
    void aPayloadThatIsLongerThanAgreedEndsTheConnection() throws IOException {
        for (long length : new long[] {(32L << 20) + 1, 1L << 40, -1}) {
            try (TestClient client = extended()) {
                client.send(ByteBuffer.allocate(32).put(bytes(REQUEST + "00200001" + COOKIE)).putLong(0).putLong(length).array());
                assertThat(client.isCutOff()).isTrue();
            }
        }
    }

    @Test
    void whatWasAgreedOnIsNotTakenBack() throws IOException {
        try (TestClient client = served.connect().greeted()) {
            assertThat(outcome(client, Protocol.OPT_EXTENDED_HEADERS, new byte[1])).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_STRUCTURED_REPLY, new byte[0])).isEqualTo(Protocol.REP_ACK);
            assertThat(outcome(client, Protocol.OPT_EXTENDED_HEADERS, new byte[0])).isEqualTo(Protocol.REP_ACK);
            assertThat(outcome(client, Protocol.OPT_EXTENDED_HEADERS, new byte[0])).isEqualTo(Protocol.REP_ERR_INVALID);
            assertThat(outcome(client, Protocol.OPT_STRUCTURED_REPLY, new byte[0])).isEqualTo(Protocol.REP_ERR_EXT_HEADER_REQD);
            client.option(Protocol.OPT_EXPORT_NAME, new byte[0]);
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void aRequestWithACompactHeaderEndsTheConnection() throws IOException {
        try (TestClient client = extended()) {
            client.send(Arrays.copyOf(TestClient.request(0, Protocol.CMD_READ, 1, 0, 512), 32));
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @Test
    void ourClientAsksForATebibyteAtOnce() throws Exception {
        assertThat(NbdDevice.look(served.address().uri()).features()).contains("extended-headers");
        var recording = new RecordingDevice(new MemoryDevice(new ByteSize(TEBIBYTE)));
        try (Served other = Served.of(recording);
                NbdDevice device = NbdDevice.open(other.address().uri(), Duration.ofSeconds(10))) {
            var disk = new Blocking(device);
            disk.write(TEBIBYTE - 4096, filled(4096));
            assertThat(disk.extents(0, TEBIBYTE)).containsExactly(
                    new Extent(0, TEBIBYTE - 4096, false, true), new Extent(TEBIBYTE - 4096, 4096, true, false));
            assertThat(disk.read(TEBIBYTE - 4096, 4096)).containsOnly(7);
            disk.writeZeroes(0, TEBIBYTE);
            disk.flush();
            assertThat(disk.read(TEBIBYTE - 4096, 4096)).containsOnly(0);
        }
    }

    /// A server that agrees on extended headers and answers the first request, its cookie put in place of [#COOKIE].
    private static void serve(ServerSocketChannel listener, String reply) {
        try (SocketChannel peer = listener.accept()) {
            ByteBuffer all = ByteBuffer.allocate(4096);
            all.putLong(Protocol.NBDMAGIC).putLong(Protocol.IHAVEOPT).putShort((short) 3);
            option(all, Protocol.OPT_EXTENDED_HEADERS, Protocol.REP_ACK, new byte[0]);
            option(all, Protocol.OPT_SET_META_CONTEXT, Protocol.REP_ACK, new byte[0]);
            byte[] export = ByteBuffer.allocate(12).putShort((short) 0).putLong(1 << 20).putShort((short) 1).array();
            option(all, Protocol.OPT_GO, Protocol.REP_INFO, export);
            option(all, Protocol.OPT_GO, Protocol.REP_ACK, new byte[0]);
            peer.write(all.flip());
            String heard = "";
            ByteBuffer some = ByteBuffer.allocate(4096);
            while (peer.read(some.clear()) >= 0) {
                heard += HexFormat.of().formatHex(some.array(), 0, some.position());
                int request = heard.indexOf(REQUEST);
                if (request >= 0 && heard.length() >= request + 64) {
                    peer.write(ByteBuffer.wrap(bytes(reply.replace(COOKIE, heard.substring(request + 16, request + 32)))));
                    heard = "";
                }
            }
        } catch (IOException gone) {
            return;
        }
    }

    private static byte[] readFrom(Path directory, String reply) throws Exception {
        Path socket = directory.resolve("socket");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> serve(listener, reply));
            try (NbdDevice device = NbdDevice.open(new NbdAddress.Unix(socket).uri(), Duration.ZERO)) {
                return new Blocking(device).read(0, 512);
            }
        } finally {
            Files.delete(socket);
        }
    }

    private static void option(ByteBuffer into, int option, int type, byte[] data) {
        into.putLong(Protocol.REPLY_TO_OPTION).putInt(option).putInt(type).putInt(data.length).put(data);
    }

    @Test
    void ourClientBelievesNoReplyToAnotherOffsetOrInAnotherForm(@TempDir Path directory) throws Exception {
        String zero = "0000000000000000";
        String data = zero + "07".repeat(512);
        assertThat(readFrom(directory, header("0001 0001", zero, "0000000000000208") + data)).containsOnly(7);
        for (String reply : new String[] {
            header("0001 0001", "0000000000000200", "0000000000000208") + data,
            header("0001 0001", zero, "ffffffffffffffff") + data,
            "668e33ef" + "00010001" + COOKIE + "00000208" + data,
            "67446698" + "00000000" + COOKIE + data,
        }) {
            assertThatThrownBy(() -> readFrom(directory, reply)).as(reply.substring(0, 64)).isInstanceOf(DiskException.class);
        }
    }
}
