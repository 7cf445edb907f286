package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.ByteSize;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.Request;
import holdfast.nbd.TestClient.Reply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TransmissionTest {
    private static final int SIZE = 48 << 20;

    private final List<Request> seen = new CopyOnWriteArrayList<>();
    private volatile Fault fault = new Fault.None();
    private final FaultyDevice device = new FaultyDevice(new MemoryDevice(ByteSize.ofMebibytes(48)), request -> {
        seen.add(request);
        return fault;
    });
    private Served served;

    @BeforeEach
    void serve() throws IOException {
        served = Served.of(device);
    }

    @AfterEach
    void end() throws IOException {
        device.release();
        served.close();
        device.close();
    }

    private static byte[] noise(int bytes, long seed) {
        var noise = new byte[bytes];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        try (TestClient client = served.simple()) {
            for (int length : new int[] {512, 4096, 8192, 8704, 262_144, 262_656, 1 << 20}) {
                byte[] data = noise(length, length);
                assertThat(client.write(length, data)).isZero();
                assertThat(client.read(length, length)).isEqualTo(data);
            }
        }
    }

    @Test
    void transfersOfTheLongestKindGoThroughInPieces() throws IOException {
        byte[] data = noise(32 << 20, 1);
        try (TestClient simple = served.simple(); TestClient structured = served.structured()) {
            assertThat(simple.write(4096, data)).isZero();
            assertThat(simple.read(4096, data.length)).isEqualTo(data);
            structured.ask(Protocol.CMD_READ, 1, 4096, data.length);
            var got = ByteBuffer.allocate(data.length);
            Reply reply;
            do {
                reply = structured.reply();
                assertThat(reply.type()).isEqualTo(Protocol.REPLY_TYPE_OFFSET_DATA);
                assertThat(ByteBuffer.wrap(reply.payload()).getLong()).isEqualTo(4096 + got.position());
                got.put(reply.payload(), 8, reply.payload().length - 8);
            } while ((reply.flags() & Protocol.REPLY_FLAG_DONE) == 0);
            assertThat(got.array()).isEqualTo(data);
        }
    }

    @Test
    void aStructuredReadThatIsNotToBeFragmentedIsOneChunkOrRefused() throws IOException {
        try (TestClient client = served.structured()) {
            client.send(TestClient.request(Protocol.CMD_FLAG_DF, Protocol.CMD_READ, 5, 0, 1 << 20));
            Reply reply = client.reply();
            assertThat(reply.flags()).isEqualTo(Protocol.REPLY_FLAG_DONE);
            assertThat(reply.cookie()).isEqualTo(5);
            assertThat(reply.payload()).hasSize(8 + (1 << 20));
            assertThat(client.outcome(Protocol.CMD_FLAG_DF, Protocol.CMD_READ, 0, (1 << 20) + 512)).isEqualTo(NbdError.EOVERFLOW.code());
        }
    }

    @Test
    void whatIsBeyondTheEndIsAnErrorAndNothingMore() throws IOException {
        int einval = NbdError.EINVAL.code();
        int enospc = NbdError.ENOSPC.code();
        try (TestClient client = served.structured()) {
            assertThat(client.outcome(0, Protocol.CMD_READ, SIZE, 512)).isEqualTo(einval);
            assertThat(client.outcome(0, Protocol.CMD_READ, SIZE - 512, 1024)).isEqualTo(einval);
            assertThat(client.outcome(0, Protocol.CMD_READ, -512, 1024)).isEqualTo(einval);
            assertThat(client.outcome(0, Protocol.CMD_READ, Long.MAX_VALUE - 511, 512)).isEqualTo(einval);
            assertThat(client.write(SIZE - 512, new byte[1024])).isEqualTo(enospc);
            assertThat(client.outcome(0, Protocol.CMD_TRIM, SIZE, 512)).isEqualTo(einval);
            assertThat(client.outcome(0, Protocol.CMD_WRITE_ZEROES, 0, 0xffff_fe00L)).isEqualTo(enospc);
            assertThat(client.outcome(0, Protocol.CMD_CACHE, SIZE, 512)).isEqualTo(einval);
            assertThat(client.outcome(0, Protocol.CMD_BLOCK_STATUS, SIZE, 512)).isEqualTo(einval);
            assertThat(client.outcome(0, Protocol.CMD_READ, 100, 512)).isEqualTo(einval);
            assertThat(client.write(0, new byte[100])).isEqualTo(einval);
            assertThat(seen).isEmpty();
            assertThat(client.outcome(0, Protocol.CMD_READ, SIZE - 512, 512)).isZero();
        }
    }

    @Test
    void aWriteThatIsTooLongIsReadPastAndRefused() throws IOException {
        try (TestClient client = served.simple()) {
            byte[] data = new byte[(32 << 20) + 512];
            assertThat(client.write(0, data)).isEqualTo(NbdError.EINVAL.code());
            assertThat(client.outcome(0, Protocol.CMD_FLUSH, 0, 0)).isZero();
        }
    }

    @Test
    void unknownCommandsAndFlagsAreRefused() throws IOException {
        try (TestClient client = served.structured()) {
            assertThat(client.outcome(0, 99, 0, 512)).isEqualTo(NbdError.EINVAL.code());
            assertThat(client.outcome(0, 8, 0, 512)).isEqualTo(NbdError.EINVAL.code());
            assertThat(client.outcome(1 << 15, Protocol.CMD_READ, 0, 512)).isEqualTo(NbdError.EINVAL.code());
            assertThat(client.outcome(Protocol.CMD_FLAG_REQ_ONE, Protocol.CMD_FLUSH, 0, 0)).isEqualTo(NbdError.EINVAL.code());
            client.send(TestClient.request(1 << 15, Protocol.CMD_WRITE, 3, 0, 512, new byte[512]));
            assertThat(client.reply().error()).isEqualTo(NbdError.EINVAL.code());
            assertThat(client.outcome(Protocol.CMD_FLAG_FUA, Protocol.CMD_READ, 0, 512)).isZero();
        }
        try (TestClient client = served.simple()) {
            assertThat(client.outcome(Protocol.CMD_FLAG_DF, Protocol.CMD_READ, 0, 512)).isEqualTo(NbdError.EINVAL.code());
            assertThat(client.outcome(0, Protocol.CMD_BLOCK_STATUS, 0, 512)).isEqualTo(NbdError.EINVAL.code());
        }
    }

    @Test
    void nothingIsDoneForALengthOfZero() throws IOException {
        try (TestClient client = served.structured()) {
            client.ask(Protocol.CMD_READ, 1, 0, 0);
            Reply reply = client.reply();
            assertThat(reply.type()).isZero();
            assertThat(reply.flags()).isEqualTo(Protocol.REPLY_FLAG_DONE);
            assertThat(client.write(0, new byte[0])).isZero();
            assertThat(client.outcome(0, Protocol.CMD_BLOCK_STATUS, 0, 0)).isEqualTo(NbdError.EINVAL.code());
        }
    }

    @Test
    void flagsReachTheDevice() throws IOException {
        try (TestClient client = served.structured()) {
            client.send(TestClient.request(Protocol.CMD_FLAG_FUA, Protocol.CMD_WRITE, 3, 0, 512, new byte[512]));
            client.reply();
            client.outcome(Protocol.CMD_FLAG_NO_HOLE, Protocol.CMD_WRITE_ZEROES, 0, 512);
            client.outcome(Protocol.CMD_FLAG_FAST_ZERO | Protocol.CMD_FLAG_FUA, Protocol.CMD_WRITE_ZEROES, 0, 512);
            client.outcome(Protocol.CMD_FLAG_FUA, Protocol.CMD_TRIM, 0, 512);
        }
        assertThat(((Request.Write) seen.get(0)).forceUnitAccess()).isTrue();
        var keep = (Request.WriteZeroes) seen.get(1);
        assertThat(List.of(keep.mayUnmap(), keep.fastOnly(), keep.forceUnitAccess())).containsExactly(false, false, false);
        var fast = (Request.WriteZeroes) seen.get(2);
        assertThat(List.of(fast.mayUnmap(), fast.fastOnly(), fast.forceUnitAccess())).containsExactly(true, true, true);
        assertThat(seen.get(3)).isInstanceOf(Request.Discard.class);
        assertThat(seen.get(4)).as("a durable trim is flushed").isInstanceOf(Request.Flush.class);
    }

    @Test
    void aLongForcedWriteIsForcedInEveryPiece() throws IOException {
        try (TestClient client = served.simple()) {
            client.send(TestClient.request(Protocol.CMD_FLAG_FUA, Protocol.CMD_WRITE, 3, 0, 3 << 20, new byte[3 << 20]));
            assertThat(client.reply().error()).isZero();
        }
        assertThat(seen).hasSize(3).allMatch(request -> ((Request.Write) request).forceUnitAccess());
    }

    @Test
    void failuresOfTheDeviceAreThoseOfTheProtocol() throws IOException {
        var expected = List.of(NbdError.EIO, NbdError.ENOSPC, NbdError.EPERM, NbdError.ENOTSUP, NbdError.ESHUTDOWN);
        var statuses = List.of(IoStatus.IO_ERROR, IoStatus.NO_SPACE, IoStatus.READ_ONLY, IoStatus.UNSUPPORTED, IoStatus.FENCED);
        try (TestClient simple = served.simple(); TestClient structured = served.structured()) {
            for (TestClient client : List.of(simple, structured)) {
                for (int i = 0; i < statuses.size(); i++) {
                    fault = new Fault.Fail(statuses.get(i));
                    int code = expected.get(i).code();
                    assertThat(client.outcome(0, Protocol.CMD_READ, 0, 512)).isEqualTo(code);
                    assertThat(client.outcome(0, Protocol.CMD_READ, 0, 3 << 20)).isEqualTo(code);
                    assertThat(client.write(0, new byte[512])).isEqualTo(code);
                    assertThat(client.write(0, new byte[3 << 20])).isEqualTo(code);
                    assertThat(client.outcome(0, Protocol.CMD_FLUSH, 0, 0)).isEqualTo(code);
                    assertThat(client.outcome(0, Protocol.CMD_CACHE, 0, 512)).isEqualTo(code);
                    assertThat(client.outcome(Protocol.CMD_FLAG_FUA, Protocol.CMD_TRIM, 0, 512)).isEqualTo(code);
                }
            }
        }
    }

    @Test
    void aSimpleReadThatFailsInTheMiddleEndsTheConnection() throws IOException {
        try (TestClient client = served.simple()) {
            fault = new Fault.None();
            client.ask(Protocol.CMD_READ, 1, 0, 32 << 20);
            assertThat(client.reply().error()).isZero();
            fault = new Fault.Fail(IoStatus.IO_ERROR);
            assertThat(client.in.readAllBytes().length).isLessThan(32 << 20);
        }
    }

    @Test
    void aReadOnlyDiskIsNotWritten() throws IOException {
        var disk = new MemoryDevice(new Geometry(1 << 20, 512, 512, true, false, true, true, 64));
        try (Served readOnly = Served.of(disk); TestClient client = readOnly.simple()) {
            int eperm = NbdError.EPERM.code();
            assertThat(client.write(0, new byte[512])).isEqualTo(eperm);
            assertThat(client.outcome(0, Protocol.CMD_TRIM, 0, 512)).isEqualTo(eperm);
            assertThat(client.outcome(0, Protocol.CMD_WRITE_ZEROES, 0, 512)).isEqualTo(eperm);
            assertThat(client.outcome(0, Protocol.CMD_FLUSH, 0, 0)).isZero();
        }
    }

    @Test
    void blockStatusJoinsNeighboursAndKeepsToWhatWasAsked() throws IOException {
        try (TestClient client = served.structured()) {
            client.write(1 << 20, noise(8192, 1));
            client.ask(Protocol.CMD_BLOCK_STATUS, 1, 0, 2 << 20);
            assertThat(words(client.reply())).containsExactly(1, 1 << 20, 3, 8192, 0, (1 << 20) - 8192, 3);
            client.send(TestClient.request(Protocol.CMD_FLAG_REQ_ONE, Protocol.CMD_BLOCK_STATUS, 1, (1 << 20) - 512, 1 << 20));
            assertThat(words(client.reply())).containsExactly(1, 512, 3);
        }
    }

    private static int[] words(Reply reply) {
        assertThat(reply.type()).isEqualTo(Protocol.REPLY_TYPE_BLOCK_STATUS);
        var words = new int[reply.payload().length / 4];
        ByteBuffer.wrap(reply.payload()).asIntBuffer().get(words);
        return words;
    }

    @Test
    void whatIsFastOvertakesWhatIsSlow() throws IOException {
        try (TestClient client = served.simple()) {
            fault = new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None());
            client.ask(Protocol.CMD_READ, 1, 0, 512);
            Awaitility.await().until(() -> device.held() == 1);
            fault = new Fault.None();
            client.ask(Protocol.CMD_FLUSH, 2, 0, 0);
            assertThat(client.reply().cookie()).isEqualTo(2);
            device.release();
            assertThat(client.reply().cookie()).isEqualTo(1);
        }
    }

    @Test
    void aFlushOnOneConnectionFollowsAWriteOnAnother() throws IOException {
        try (TestClient one = served.simple(); TestClient other = served.structured()) {
            one.write(0, noise(512, 1));
            assertThat(other.outcome(0, Protocol.CMD_FLUSH, 0, 0)).isZero();
            assertThat(seen).hasSize(2);
            assertThat(seen.get(1)).isInstanceOf(Request.Flush.class);
            assertThat(one.read(0, 512)).isEqualTo(noise(512, 1));
        }
    }

    @Test
    void manyRequestsAtOnceAreAllAnswered() throws Exception {
        byte[] data = noise(4096, 3);
        try (TestClient client = served.simple()) {
            int count = 500;
            var requests = new java.io.ByteArrayOutputStream();
            for (int i = 0; i < count; i++) {
                requests.write(TestClient.request(0, Protocol.CMD_WRITE, i, 4096L * i, 4096, data));
            }
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    client.send(requests.toByteArray());
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            var cookies = new long[count];
            for (int i = 0; i < count; i++) {
                Reply reply = client.reply();
                assertThat(reply.error()).isZero();
                cookies[i] = reply.cookie();
            }
            Arrays.sort(cookies);
            assertThat(cookies[0]).isZero();
            assertThat(cookies[count - 1]).isEqualTo(count - 1);
            assertThat(client.read(4096 * (count - 1), 4096)).isEqualTo(data);
            sender.join();
        }
    }
}
