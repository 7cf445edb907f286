package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import holdfast.testkit.Needs;
import holdfast.testkit.Peer;
import holdfast.testkit.Program;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SocketPacketPortTest {
    @TempDir
    private Path directory;

    private Path socket() {
        return directory.resolve("net");
    }

    private static BlockingQueue<byte[]> received(SocketPacketPort port) {
        BlockingQueue<byte[]> frames = new ArrayBlockingQueue<>(1000);
        port.attach(frames::addAll);
        return frames;
    }

    private static byte[] frame(int bytes) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) (i * 7 + bytes);
        }
        return frame;
    }

    @Test
    void framesGoBothWaysWhole() throws Exception {
        try (var peer = new SocketPeer(socket());
                var port = SocketPacketPort.connect(socket());
                SocketChannel other = peer.accept()) {
            var frames = received(port);
            for (int bytes : new int[] {14, 60, 1514, VirtioNet.FRAME_BYTES_MAX}) {
                port.send(frame(bytes));
                assertThat(SocketPeer.receive(other)).isEqualTo(frame(bytes));
                SocketPeer.send(other, frame(bytes));
                assertThat(frames.take()).isEqualTo(frame(bytes));
            }
        }
    }

    @Test
    void aSocketWhereNobodyListensIsTheOperatorsToPutRight() throws IOException {
        assertThatThrownBy(() -> SocketPacketPort.connect(socket()))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining(socket().toString())
                .hasMessageContaining("passt");
        Files.createFile(socket());
        assertThatThrownBy(() -> SocketPacketPort.connect(socket())).isInstanceOf(OperatorError.class);
        Path tooLong = directory.resolve("n".repeat(200));
        assertThatThrownBy(() -> SocketPacketPort.connect(tooLong)).isInstanceOf(OperatorError.class);
    }

    @Test
    void aPeerThatComesBackIsConnectedToAgain() throws Exception {
        try (var peer = new SocketPeer(socket());
                var port = SocketPacketPort.connect(socket())) {
            var frames = received(port);
            peer.accept().close();
            try (SocketChannel second = peer.accept()) {
                Awaitility.await().until(port::connected);
                SocketPeer.send(second, frame(100));
                assertThat(frames.take()).isEqualTo(frame(100));
                port.send(frame(200));
                assertThat(SocketPeer.receive(second)).isEqualTo(frame(200));
            }
        }
    }

    @Test
    void whatIsNoFrameEndsTheConnection() throws Exception {
        try (var peer = new SocketPeer(socket());
                var port = SocketPacketPort.connect(socket());
                SocketChannel mad = peer.accept()) {
            var frames = received(port);
            mad.write(ByteBuffer.allocate(4).putInt(0x7fff_ffff).flip());
            assertThat(mad.read(ByteBuffer.allocate(1))).as("end").isEqualTo(-1);
            try (SocketChannel again = peer.accept()) {
                SocketPeer.send(again, frame(99));
                assertThat(frames.take()).isEqualTo(frame(99));
            }
        }
    }

    @Test
    void aPeerThatDoesNotReadCostsFramesNotTime() throws Exception {
        try (var peer = new SocketPeer(socket());
                var port = SocketPacketPort.connect(socket());
                SocketChannel slow = peer.accept()) {
            for (int i = 0; i < 20_000; i++) {
                byte[] frame = frame(1000);
                frame[0] = (byte) (i >> 8);
                frame[1] = (byte) i;
                port.send(frame);
            }
            int count = 0;
            int last = -1;
            port.send(frame(14));
            for (byte[] frame = SocketPeer.receive(slow); frame.length == 1000; frame = SocketPeer.receive(slow)) {
                int number = (frame[0] & 0xff) << 8 | frame[1] & 0xff;
                assertThat(number).as("in order").isGreaterThan(last);
                last = number;
                count++;
                if (count % 100 == 0) {
                    port.send(frame(14)); // until there was room for the mark of the end
                }
            }
            assertThat(count).isLessThan(20_000);
        }
    }

    @Test
    void aClosedPortHangsUp() throws Exception {
        try (var peer = new SocketPeer(socket())) {
            var port = SocketPacketPort.connect(socket());
            try (SocketChannel other = peer.accept()) {
                port.close();
                assertThat(other.read(ByteBuffer.allocate(1))).isEqualTo(-1);
                port.send(frame(60));
                port.close();
            }
        }
    }

    @Test
    void aListeningPortTakesOnePeerAfterAnotherAndRemovesItsSocket() throws Exception {
        try (var port = SocketPacketPort.listen(socket())) {
            var frames = received(port);
            assertThat(port.connected()).isFalse();
            port.send(frame(60)); // nobody hears this
            for (int bytes : new int[] {100, 200}) {
                try (var peer = SocketPacketPort.connect(socket())) {
                    var answers = received(peer);
                    Awaitility.await().until(port::connected);
                    peer.send(frame(bytes));
                    assertThat(frames.take()).isEqualTo(frame(bytes));
                    port.send(frame(bytes + 1));
                    assertThat(answers.take()).isEqualTo(frame(bytes + 1));
                }
                Awaitility.await().until(() -> !port.connected());
            }
        }
        assertThat(socket()).doesNotExist();
    }

    @Test
    void aSocketThatAKilledProgramLeftIsTakenOverAndOneInUseIsNot() throws Exception {
        try (ServerSocketChannel abandoned = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            abandoned.bind(UnixDomainSocketAddress.of(socket()));
        }
        assertThat(socket()).exists();
        try (var port = SocketPacketPort.listen(socket())) {
            assertThatThrownBy(() -> SocketPacketPort.listen(socket()))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("another program listens here");
            Awaitility.await().until(() -> !port.connected());
        }
        Files.writeString(socket(), "precious");
        assertThatThrownBy(() -> SocketPacketPort.listen(socket())).isInstanceOf(OperatorError.class);
        assertThat(socket()).hasContent("precious");
    }

    /// passt answers for the gateway, whichever address is asked for.
    @Test
    @Needs("passt")
    void passtAnswersAnAddressRequest() throws Exception {
        Path open = Files.createTempDirectory(
                Path.of("/tmp"), "passt", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxrwxrwx")));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx")); // passt changes to nobody
        try {
            answersAnAddressRequest(open.resolve("s"), Peer.path("passt").toString(), "-f", "-s", open.resolve("s").toString());
        } finally {
            Files.deleteIfExists(open.resolve("s"));
            Files.deleteIfExists(open);
        }
    }

    /// QEMU's own framing, with its user network behind a hub.
    @Test
    @Needs("qemu-system-riscv64")
    void qemuAnswersAnAddressRequest() throws Exception {
        answersAnAddressRequest(
                socket(),
                Peer.path("qemu-system-riscv64").toString(),
                "-machine",
                "none",
                "-nographic",
                "-monitor",
                "none",
                "-nodefaults",
                "-netdev",
                "user,id=u",
                "-netdev",
                "stream,id=s,server=on,addr.type=unix,addr.path=" + socket(),
                "-netdev",
                "hubport,id=h1,hubid=0,netdev=u",
                "-netdev",
                "hubport,id=h2,hubid=0,netdev=s");
    }

    private static void answersAnAddressRequest(Path socket, String... command) throws Exception {
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        Process process = Program.start(builder, Program.LIMIT);
        try {
            Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> Files.exists(socket) || !process.isAlive());
            try (var port = SocketPacketPort.connect(socket)) {
                var frames = received(port);
                byte[] request = HexFormat.of()
                        .parseHex("ffffffffffff525400123456" + "0806" + "0001080006040001" + "525400123456" + "0a00020f"
                                + "000000000000" + "0a000202");
                port.send(request);
                byte[] answer = frames.poll(20, TimeUnit.SECONDS);
                assertThat(answer).isNotNull();
                assertThat(HexFormat.of().formatHex(answer, 0, 6)).isEqualTo("525400123456");
                assertThat(HexFormat.of().formatHex(answer, 12, 22)).isEqualTo("08060001080006040002");
                assertThat(HexFormat.of().formatHex(answer, 28, 32)).isEqualTo("0a000202");
            }
        } finally {
            process.destroy();
            process.waitFor();
        }
    }
}
