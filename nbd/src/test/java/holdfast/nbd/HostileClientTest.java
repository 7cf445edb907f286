package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever one client sends, or does not take, the others are served and their disk is as they left it.
@Timeout(120)
class HostileClientTest {
    private static final int ROUNDS = 200;

    private final MemoryDevice ours = new MemoryDevice(ByteSize.ofMebibytes(1));
    private final MemoryDevice theirs = new MemoryDevice(ByteSize.ofMebibytes(64));
    private final byte[] content = new byte[1 << 20];
    private Served served;

    @BeforeEach
    void serve() throws IOException {
        new Random(1).nextBytes(content);
        served = Served.of(List.of(new Export("disk", "", theirs), new Export("ours", "", ours)));
        try (TestClient client = TestClient.go(served.address(), "ours", false)) {
            assertThat(client.write(0, content)).isZero();
        }
    }

    @AfterEach
    void oursIsAsItWasAndEverybodyIsLetGo() throws IOException {
        try (Served server = served) {
            try (TestClient client = TestClient.go(server.address(), "ours", false)) {
                assertThat(client.read(0, content.length)).isEqualTo(content);
            }
            Awaitility.await().until(() -> server.server().connections() == 0);
        }
    }

    private static void sendAndLeave(TestClient client, byte[] bytes) {
        try (client) {
            client.send(bytes);
        } catch (IOException cutOff) {
            assertThat(client.isCutOff()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void noiseInPlaceOfAHandshake(long seed) throws IOException {
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            var noise = new byte[random.nextInt(4096)];
            random.nextBytes(noise);
            sendAndLeave(served.connect(), noise);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void optionsOfNoise(long seed) throws IOException {
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            TestClient client = served.connect().greeted();
            for (int i = 0; i < 10; i++) {
                var noise = new byte[random.nextInt(64)];
                random.nextBytes(noise);
                try {
                    client.option(1 + random.nextInt(12), noise);
                } catch (IOException cutOff) {
                    break;
                }
            }
            client.close();
        }
    }

    /// The requests are cut off anywhere, too.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void requestsOfNoise(long seed) throws IOException {
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            var requests = new java.io.ByteArrayOutputStream();
            for (int i = 0; i < 20; i++) {
                int type = random.nextInt(9);
                long length = random.nextInt(4) == 0 ? random.nextInt() : 512L * random.nextInt(64);
                long offset = random.nextInt(4) == 0 ? random.nextLong() : 512L * random.nextInt(1 << 17);
                int flags = random.nextInt(4) == 0 ? random.nextInt() : 1 << random.nextInt(5);
                int payload = type == Protocol.CMD_WRITE ? Math.clamp(length, 0, 1 << 17) : 0;
                requests.write(TestClient.request(flags, type, i, offset, length, new byte[payload]));
            }
            byte[] bytes = requests.toByteArray();
            byte[] some = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
            sendAndLeave(round % 2 == 0 ? served.simple() : served.structured(), some);
        }
    }

    @Test
    void oneThatNeverTakesItsAnswersWaitsForItself() throws Exception {
        try (TestClient client = served.structured()) {
            byte[] request = TestClient.request(0, Protocol.CMD_READ, 1, 0, 1 << 20);
            Thread sender = Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (true) {
                        client.send(request);
                    }
                } catch (IOException closed) {
                    Thread.currentThread().interrupt();
                }
            });
            Awaitility.await().until(() -> sender.getState() == Thread.State.RUNNABLE && blockedInWrite(sender));
            try (TestClient other = served.simple()) {
                assertThat(other.read(0, 1 << 20)).hasSize(1 << 20);
            }
        }
    }

    private static boolean blockedInWrite(Thread sender) {
        StackTraceElement[] stack = sender.getStackTrace();
        return stack.length > 0 && stack[0].getMethodName().startsWith("write");
    }

    @Test
    void aRequestWithoutItsPayloadHoldsUpNobody() throws IOException {
        try (TestClient client = served.simple(); TestClient other = served.simple()) {
            client.send(TestClient.request(0, Protocol.CMD_WRITE, 1, 0, 32 << 20));
            assertThat(other.write(0, new byte[512])).isZero();
        }
    }

    @Test
    void aRequestWithoutMagicEndsTheConnection() throws IOException {
        try (TestClient client = served.simple()) {
            client.send(new byte[28]);
            assertThat(client.isCutOff()).isTrue();
        }
    }
}
