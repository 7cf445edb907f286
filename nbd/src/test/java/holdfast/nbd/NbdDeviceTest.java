package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.BlockDevice;
import holdfast.block.BlockDevice.Cancellation;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NbdDeviceTest {
    private static final Duration LONG = Duration.ofSeconds(50);
    private static final Fault HOLD = new Fault.Hold(Fault.WhenCancelled.STOPS, new Fault.None());

    @TempDir
    Path directory;

    private final MemoryDevice memory = new MemoryDevice(new Geometry(8 << 20, 512, 4096, false, true, true, true, 64));
    private final List<Request> seen = new CopyOnWriteArrayList<>();
    private volatile Fault fault = new Fault.None();
    private final FaultyDevice device = new FaultyDevice(memory, request -> {
        seen.add(request);
        return fault;
    });
    private NbdAddress address;
    private NbdServer server;

    private final Silence silence = Silence.of(NbdDevice.class);

    @BeforeEach
    void serve() {
        address = new NbdAddress.Unix(directory.resolve("socket"));
        server = serve(device);
    }

    private NbdServer serve(BlockDevice disk) {
        return NbdServer.open(address, List.of(new Export("disk", "", disk)));
    }

    @AfterEach
    void end() {
        device.release();
        server.close();
        silence.close();
    }

    private NbdDevice client() {
        return NbdDevice.open(address.uri(), LONG);
    }

    private static byte[] noise(int bytes, long seed) {
        var noise = new byte[bytes];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    @Test
    void hasTheShapeOfTheServersDisk() {
        try (NbdDevice disk = client()) {
            assertThat(disk.geometry()).isEqualTo(new Geometry(8 << 20, 512, 4096, false, true, true, true, 64));
        }
    }

    @Test
    void doesWhatADiskInMemoryDoes() throws IOException {
        long seed = System.nanoTime();
        var random = new Random(seed);
        var model = new Blocking(new MemoryDevice(ByteSize.ofMebibytes(8)));
        try (NbdDevice client = client()) {
            var disk = new Blocking(client);
            for (int i = 0; i < 500; i++) {
                int length = 512 * (1 + random.nextInt(random.nextInt(10) == 0 ? 6000 : 40));
                long offset = 512L * random.nextInt(((8 << 20) - length) / 512 + 1);
                for (Blocking each : List.of(disk, model)) {
                    switch (i % 5) {
                        case 0 -> each.discard(offset, length);
                        case 1 -> each.writeZeroes(offset, length);
                        case 2 -> each.flush();
                        default -> each.write(offset, noise(length, i), i % 2 == 0);
                    }
                }
                assertThat(disk.read(offset, length)).as("seed %d, operation %d", seed, i).isEqualTo(model.read(offset, length));
            }
            assertThat(disk.read(0, 8 << 20)).as("seed %d", seed).isEqualTo(model.read(0, 8 << 20));
            assertThat(disk.extents(0, 8 << 20)).isEqualTo(new Blocking(memory).extents(0, 8 << 20));
        }
    }

    @Test
    void flagsReachTheServersDisk() throws IOException {
        try (NbdDevice client = client()) {
            var disk = new Blocking(client);
            disk.write(0, new byte[512], true);
            disk.await(done -> new Request.WriteZeroes(0, 512, true, true, false, done));
            disk.await(done -> new Request.WriteZeroes(0, 512, false, false, true, done));
        }
        assertThat(((Request.Write) seen.get(0)).forceUnitAccess()).isTrue();
        var fast = (Request.WriteZeroes) seen.get(1);
        assertThat(List.of(fast.mayUnmap(), fast.fastOnly(), fast.forceUnitAccess())).containsExactly(true, true, false);
        var forced = (Request.WriteZeroes) seen.get(2);
        assertThat(List.of(forced.mayUnmap(), forced.fastOnly(), forced.forceUnitAccess())).containsExactly(false, false, true);
    }

    @Test
    void failuresOfTheServersDiskAreOurs() {
        try (NbdDevice client = client()) {
            for (IoStatus status : List.of(IoStatus.IO_ERROR, IoStatus.NO_SPACE, IoStatus.READ_ONLY)) {
                fault = new Fault.Fail(status);
                assertThatThrownBy(() -> new Blocking(client).read(0, 512))
                        .isInstanceOfSatisfying(DiskException.class, e -> assertThat(e.status()).isEqualTo(status));
                assertThatThrownBy(() -> new Blocking(client).write(0, new byte[512]))
                        .isInstanceOfSatisfying(DiskException.class, e -> assertThat(e.status()).isEqualTo(status));
            }
            fault = new Fault.Fail(IoStatus.UNSUPPORTED);
            assertThatThrownBy(() -> new Blocking(client).await(done -> new Request.WriteZeroes(0, 512, true, true, false, done)))
                    .isInstanceOfSatisfying(DiskException.class, e -> assertThat(e.status()).isEqualTo(IoStatus.UNSUPPORTED));
        }
    }

    private static CompletableFuture<IoStatus> submit(BlockDevice disk, java.util.function.Function<Request.Completion, Request> request) {
        var ended = new CompletableFuture<IoStatus>();
        disk.submit(request.apply((_, status) -> ended.complete(status)));
        return ended;
    }

    private static MemorySegment buffer(byte[] bytes) {
        return Arena.ofAuto().allocateFrom(java.lang.foreign.ValueLayout.JAVA_BYTE, bytes);
    }

    @Test
    void whatWasNotAnsweredIsDoneByTheSuccessor() throws Exception {
        byte[] data = noise(4096, 1);
        try (NbdDevice client = client()) {
            fault = HOLD;
            var writes = new ArrayList<CompletableFuture<IoStatus>>();
            for (int i = 0; i < 10; i++) {
                long offset = 4096L * i;
                writes.add(submit(client, done -> new Request.Write(offset, buffer(data), false, done)));
            }
            var read = submit(client, done -> new Request.Read(0, Arena.ofAuto().allocate(512), done));
            Awaitility.await().until(() -> device.held() == 11);
            // The first server is cut off with the requests still under way, and never answers them.
            Thread end = Thread.ofVirtual().start(server::close);
            fault = new Fault.None();
            Awaitility.await().until(() -> !java.nio.file.Files.exists(directory.resolve("socket")));
            server = serve(memory);
            for (var write : writes) {
                assertThat(write.get()).isEqualTo(IoStatus.OK);
            }
            assertThat(read.get()).isEqualTo(IoStatus.OK);
            assertThat(new Blocking(memory).read(4096 * 9, 4096)).isEqualTo(data);
            assertThat(device.held()).isEqualTo(11);
            device.release();
            end.join();
        }
    }

    @Test
    void aServerThatDrainsHandsOverWithoutAnError() throws Exception {
        try (NbdDevice client = client()) {
            var writes = new ArrayList<CompletableFuture<IoStatus>>();
            for (int round = 0; round < 5; round++) {
                for (int i = 0; i < 60; i++) {
                    long offset = 4096L * i;
                    byte[] data = noise(4096, round * 100 + i);
                    writes.add(submit(client, done -> new Request.Write(offset, buffer(data), false, done)));
                }
                assertThat(server.drain(Served.seconds(30))).isTrue();
                server.close();
                server = serve(device);
            }
            for (var write : writes) {
                assertThat(write.get()).isEqualTo(IoStatus.OK);
            }
            new Blocking(client).flush();
        }
    }

    @Test
    void withoutASuccessorRequestsFailInTimeAndLaterOnesAreTriedAnew() throws Exception {
        try (NbdDevice client = NbdDevice.open(address.uri(), Duration.ofMillis(100))) {
            server.close();
            assertThat(submit(client, Request.Flush::new).get()).isEqualTo(IoStatus.IO_ERROR);
            server = serve(device);
            assertThat(submit(client, Request.Flush::new).get()).isEqualTo(IoStatus.OK);
        }
    }

    @Test
    void aSuccessorWithASmallerDiskIsNoSuccessor() throws Exception {
        try (NbdDevice client = NbdDevice.open(address.uri(), Duration.ofMillis(100))) {
            server.close();
            server = serve(new MemoryDevice(ByteSize.ofMebibytes(1)));
            assertThat(submit(client, Request.Flush::new).get()).isEqualTo(IoStatus.IO_ERROR);
        }
    }

    @Test
    void aServerThatIsForEverAboutToEndIsGivenUp() throws Exception {
        try (NbdDevice client = NbdDevice.open(address.uri(), Duration.ofMillis(100))) {
            fault = new Fault.Fail(IoStatus.FENCED);
            assertThat(submit(client, Request.Flush::new).get()).isEqualTo(IoStatus.IO_ERROR);
        }
    }

    @Test
    void whatAnotherHostHadNotFlushedIsLostWithTheConnection() throws Exception {
        NbdUri uri = NbdUri.parse(address.uri());
        try (NbdDevice client = NbdDevice.open(uri, LONG, false, LONG)) {
            var disk = new Blocking(client);
            disk.write(0, new byte[512]);
            disk.flush();
            server.close();
            server = serve(device);
            disk.flush();
            disk.write(0, new byte[512]);
            server.close();
            server = serve(device);
            assertThatThrownBy(disk::flush).isInstanceOf(DiskException.class);
            assertThatThrownBy(disk::flush).as("for good").isInstanceOf(DiskException.class);
            assertThat(disk.read(0, 512)).hasSize(512);
        }
    }

    @Test
    void cancellingStopsOnlyWhatWasNotSent() {
        try (NbdDevice client = client()) {
            fault = HOLD;
            var ended = new CompletableFuture<IoStatus>();
            Request sent = new Request.Flush((_, status) -> ended.complete(status));
            client.submit(sent);
            Awaitility.await().until(() -> device.held() == 1);
            assertThat(client.cancel(sent)).isEqualTo(Cancellation.UNKNOWN);
            fault = new Fault.None();
            device.release();
            assertThat(ended.join()).isEqualTo(IoStatus.OK);
            assertThat(client.cancel(sent)).isEqualTo(Cancellation.DONE);
            server.close();
            var stopped = new CompletableFuture<IoStatus>();
            Request waiting = new Request.Flush((_, status) -> stopped.complete(status));
            Awaitility.await().until(() -> {
                client.submit(waiting);
                return client.cancel(waiting) == Cancellation.CANCELLED;
            });
            assertThat(stopped.join()).isEqualTo(IoStatus.CANCELLED);
        }
    }

    @Test
    void nobodyThereAndNoSuchExportAreSaidPlainly() {
        assertThatThrownBy(() -> NbdDevice.open("nbd+unix:///?socket=" + directory.resolve("no"), LONG))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("cannot be reached");
        String wrong = address.uri().replace(":///", ":///wrong");
        assertThatThrownBy(() -> NbdDevice.open(wrong, LONG))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("there is no such export");
        assertThatThrownBy(() -> NbdDevice.look(wrong)).isInstanceOf(OperatorError.class);
        assertThat(NbdDevice.look(address.uri()).features()).contains("flush", "fua", "trim", "fast-zero", "block-status");
    }

    @Test
    void oneThatIsNoServerIsRefused() throws Exception {
        Path socket = directory.resolve("other");
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofVirtual().start(() -> {
                try (SocketChannel peer = listener.accept()) {
                    peer.write(ByteBuffer.wrap("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            assertThatThrownBy(() -> NbdDevice.look("nbd+unix:///?socket=" + socket))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("speaks no");
        }
    }

    /// In the middle of its replies our server is replaced by one that sends noise.
    @Test
    void aServerThatTalksNonsenseFailsRequestsAndNothingElse() throws Exception {
        Path socket = directory.resolve("other");
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofVirtual().start(() -> spoil(listener));
            try (NbdDevice client = NbdDevice.open("nbd+unix:///disk?socket=" + socket, LONG)) {
                for (int i = 0; i < 20; i++) {
                    assertThat(submit(client, done -> new Request.Read(0, Arena.ofAuto().allocate(4096), done)).get())
                            .isNotEqualTo(IoStatus.OK);
                }
            }
        }
    }

    /// Passes the handshake on to the real server, and answers the first request with noise.
    private void spoil(ServerSocketChannel listener) {
        var random = new Random(3);
        int[] magics = {Protocol.EXTENDED_REPLY_MAGIC, Protocol.EXTENDED_REPLY_MAGIC, Protocol.STRUCTURED_REPLY_MAGIC, Protocol.SIMPLE_REPLY_MAGIC};
        while (true) {
            try (SocketChannel client = listener.accept();
                    SocketChannel real = SocketChannel.open(UnixDomainSocketAddress.of(((NbdAddress.Unix) address).path()))) {
                Thread.ofVirtual().start(() -> pass(real, client));
                ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
                while (client.read(bytes.clear()) >= 0) {
                    if (bytes.flip().remaining() >= 4 && bytes.getInt(0) == Protocol.EXTENDED_REQUEST_MAGIC) {
                        long cookie = bytes.getLong(8);
                        var noise = new byte[64];
                        random.nextBytes(noise);
                        client.write(ByteBuffer.allocate(96)
                                .putInt(magics[random.nextInt(magics.length)])
                                .putShort((short) random.nextInt(2))
                                .putShort((short) random.nextInt(8))
                                .putLong(random.nextBoolean() ? cookie : random.nextLong())
                                .putLong(random.nextInt(4) == 0 ? random.nextLong() : 0)
                                .putLong(random.nextInt(64))
                                .put(noise)
                                .flip());
                        break;
                    }
                    real.write(bytes);
                }
            } catch (IOException e) {
                if (!listener.isOpen()) {
                    return;
                }
            }
        }
    }

    @Test
    void aReadIsSentByWhoSubmitsIt() throws Exception {
        try (NbdDevice client = client()) {
            Thread sender = Thread.getAllStackTraces().keySet().stream()
                    .filter(each -> each.getName().equals("NBD requests to " + address.uri())).findFirst().orElseThrow();
            Awaitility.await().until(() -> sender.getState() == Thread.State.WAITING);
            long before = waits(sender);
            for (int i = 0; i < 100; i++) {
                assertThat(submit(client, done -> new Request.Read(0, Arena.ofAuto().allocate(4096), done)).get()).isEqualTo(IoStatus.OK);
            }
            assertThat(waits(sender)).isEqualTo(before);
        }
    }

    private static long waits(Thread thread) {
        return ManagementFactory.getThreadMXBean().getThreadInfo(thread.threadId()).getWaitedCount();
    }

    @Test
    void whoSubmitsDoesNotWaitForAServerThatTakesNothing() throws Exception {
        Path socket = directory.resolve("other");
        var deaf = new AtomicBoolean();
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofVirtual().start(() -> passUntil(deaf, listener));
            NbdDevice client = NbdDevice.open("nbd+unix:///disk?socket=" + socket, Duration.ZERO);
            deaf.set(true);
            var ended = new ArrayList<CompletableFuture<IoStatus>>();
            for (int i = 0; i < 8; i++) {
                ended.add(submit(client, done -> new Request.Write(0, Arena.ofAuto().allocate(1 << 20), false, done)));
                ended.add(submit(client, done -> new Request.Read(0, Arena.ofAuto().allocate(4096), done)));
            }
            assertThat(ended.getFirst().isDone()).isFalse();
            deaf.set(false);
            for (CompletableFuture<IoStatus> each : ended) {
                assertThat(each.get()).isEqualTo(IoStatus.OK);
            }
            client.close();
        }
    }

    /// Neither a read nor a write is answered, and the write does not fit into the socket: both fail when this is closed, and then their buffers are
    /// the caller's.
    @Test
    void closingDoesNotWaitForAServerThatSaysNothing() throws Exception {
        Path socket = directory.resolve("other");
        var deaf = new AtomicBoolean();
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                Arena buffers = Arena.ofShared()) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofVirtual().start(() -> passUntil(deaf, listener));
            NbdDevice client = NbdDevice.open(NbdUri.parse("nbd+unix:///disk?socket=" + socket), LONG, true, Duration.ofMillis(200));
            deaf.set(true);
            var read = submit(client, done -> new Request.Read(0, buffers.allocate(4096), done));
            var write = submit(client, done -> new Request.Write(0, buffers.allocate(4 << 20), false, done));
            client.close();
            assertThat(read).isCompletedWithValue(IoStatus.IO_ERROR);
            assertThat(write).isCompletedWithValue(IoStatus.IO_ERROR);
        } finally {
            deaf.set(false);
        }
    }

    /// A server that answers something all the while is waited for.
    @Test
    void whatGrowsDoesNotStandStill() {
        var looks = new AtomicInteger();
        var calledAt = new CompletableFuture<Integer>();
        try (var _ = StandstillAlarm.begin(Duration.ofMillis(1), () -> Math.min(looks.incrementAndGet(), 5), () -> calledAt.complete(looks.get()))) {
            assertThat(calledAt.join()).isEqualTo(6);
        }
    }

    /// Passes on what both say, but of the client nothing while it is to be deaf.
    private void passUntil(AtomicBoolean deaf, ServerSocketChannel listener) {
        try (SocketChannel client = listener.accept();
                SocketChannel real = SocketChannel.open(UnixDomainSocketAddress.of(((NbdAddress.Unix) address).path()))) {
            Thread.ofVirtual().start(() -> pass(real, client));
            ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
            while (client.read(bytes.clear()) >= 0) {
                while (deaf.get()) {
                    Thread.yield();
                }
                bytes.flip();
                while (bytes.hasRemaining()) {
                    real.write(bytes);
                }
            }
        } catch (IOException gone) {
            Thread.currentThread().interrupt(); // one of both is not there any more
        }
    }

    private static void pass(SocketChannel from, SocketChannel to) {
        try {
            ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
            while (from.read(bytes.clear()) >= 0) {
                to.write(bytes.flip());
            }
        } catch (IOException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void extentsOfAServerThatDoesNotTellAreData() throws IOException {
        var plain = new NbdExport("", "", 1 << 20, 0, 512, 4096, 1 << 20, false, false, false);
        var whole = new Part.Whole(new Request.Extents(0, 512, (Extent _) -> {}, (_, _) -> {}));
        assertThat(new Parts(plain).of(whole)).isEmpty();
    }

    @Test
    void whatAServerCannotDoIsDoneOtherwise() {
        var plain = new NbdExport("", "", 8 << 20, Protocol.FLAG_SEND_FLUSH, 512, 4096, 1 << 20, false, false, false);
        var parts = new Parts(plain);
        var write = new Part.Whole(new Request.Write(0, Arena.ofAuto().allocate(3 << 20), true, (_, _) -> {}));
        assertThat(parts.of(write)).hasSize(3).allMatch(part -> part.flags == 0 && part.length == 1 << 20);
        assertThat(write.flushAfterwards).isTrue();
        var zeroes = new Part.Whole(new Request.WriteZeroes(512, 1 << 20, true, false, false, (_, _) -> {}));
        assertThat(parts.of(zeroes)).hasSize(1).allMatch(part -> part.type == Protocol.CMD_WRITE);
        var discard = new Part.Whole(new Request.Discard(0, 512, (_, _) -> {}));
        assertThat(parts.of(discard)).isEmpty();
        assertThat(parts.hasFastZeroes()).isFalse();
    }
}
