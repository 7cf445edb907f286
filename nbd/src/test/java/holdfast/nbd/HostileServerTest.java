package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What our client makes of servers that do not keep to the protocol. They answer the first request of each connection, or a
/// write of which they have not got all.
@Timeout(60)
class HostileServerTest {
    private static final int CONTEXT = 5;
    private static final byte[] NOTHING = {};

    @TempDir
    Path directory;

    private ServerSocketChannel listener;
    private final Silence silence = Silence.of(NbdDevice.class);

    @BeforeEach
    void listen() throws IOException {
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(directory.resolve("socket")));
    }

    @AfterEach
    void end() throws IOException {
        listener.close();
        silence.close();
    }

    private String uri() {
        return new NbdAddress.Unix(directory.resolve("socket")).uri();
    }

    private static byte[] joined(byte[]... parts) {
        int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
        ByteBuffer all = ByteBuffer.allocate(length);
        Arrays.stream(parts).forEach(all::put);
        return all.array();
    }

    private static byte[] greeting() {
        return ByteBuffer.allocate(18).putLong(Protocol.NBDMAGIC).putLong(Protocol.IHAVEOPT).putShort((short) 3).array();
    }

    private static byte[] option(int option, int type, byte[] data) {
        return ByteBuffer.allocate(20 + data.length)
                .putLong(Protocol.REPLY_TO_OPTION)
                .putInt(option)
                .putInt(type)
                .putInt(data.length)
                .put(data)
                .array();
    }

    private static byte[] export(int flags) {
        return ByteBuffer.allocate(12).putShort((short) Protocol.INFO_EXPORT).putLong(1 << 20).putShort((short) flags).array();
    }

    /// Up to the transmission phase, with structured replies and block status.
    private static byte[] handshake() {
        byte[] name = BlockStatus.CONTEXT.getBytes(StandardCharsets.US_ASCII);
        byte[] context = ByteBuffer.allocate(Integer.BYTES + name.length).putInt(CONTEXT).put(name).array();
        return joined(
                greeting(),
                option(Protocol.OPT_EXTENDED_HEADERS, Protocol.REP_ERR_UNSUP, NOTHING),
                option(Protocol.OPT_STRUCTURED_REPLY, Protocol.REP_ACK, NOTHING),
                option(Protocol.OPT_SET_META_CONTEXT, Protocol.REP_META_CONTEXT, context),
                option(Protocol.OPT_SET_META_CONTEXT, Protocol.REP_ACK, NOTHING),
                option(Protocol.OPT_GO, Protocol.REP_INFO, export(Protocol.FLAG_HAS_FLAGS)),
                option(Protocol.OPT_GO, Protocol.REP_ACK, NOTHING));
    }

    /// To the first request of a device.
    private static byte[] chunk(int flags, int type, byte[] payload) {
        return ByteBuffer.allocate(Protocol.STRUCTURED_REPLY_BYTES + payload.length)
                .putInt(Protocol.STRUCTURED_REPLY_MAGIC)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(0)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    private static byte[] data(int flags, long offset, byte... data) {
        byte[] payload = ByteBuffer.allocate(Long.BYTES + data.length).putLong(offset).put(data).array();
        return chunk(flags, Protocol.REPLY_TYPE_OFFSET_DATA, payload);
    }

    private static byte[] status(int flags, int context, int length) {
        byte[] payload = ByteBuffer.allocate(12).putInt(context).putInt(length).putInt(0).array();
        return chunk(flags, Protocol.REPLY_TYPE_BLOCK_STATUS, payload);
    }

    private static byte[] filled(int length, int with) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) with);
        return bytes;
    }

    /// Says this to one who connects.
    private void say(byte[] said) {
        Thread.ofPlatform().daemon().start(() -> {
            try (SocketChannel peer = listener.accept()) {
                peer.write(ByteBuffer.wrap(said));
                peer.shutdownOutput();
                hearTheEnd(peer);
            } catch (IOException gone) {
                return;
            }
        });
    }

    /// Replies so to the first request of each connection, and ends it.
    private void reply(byte[]... replies) {
        Thread.ofPlatform().daemon().start(() -> {
            for (byte[] reply : replies) {
                try (SocketChannel peer = listener.accept()) {
                    peer.write(ByteBuffer.wrap(handshake()));
                    awaitRequest(peer);
                    peer.write(ByteBuffer.wrap(reply));
                    peer.shutdownOutput();
                    hearTheEnd(peer);
                } catch (IOException gone) {
                    continue;
                }
            }
        });
    }

    private static void awaitRequest(SocketChannel peer) throws IOException {
        ByteBuffer heard = ByteBuffer.allocate(1 << 16);
        boolean request = false;
        while (!request && peer.read(heard) >= 0) {
            for (int at = 0; at <= heard.position() - Protocol.REQUEST_BYTES; at++) {
                request |= heard.getInt(at) == Protocol.REQUEST_MAGIC;
            }
        }
    }

    private static void hearTheEnd(SocketChannel peer) throws IOException {
        ByteBuffer heard = ByteBuffer.allocate(1 << 12);
        while (peer.read(heard.clear()) >= 0) {
            heard.clear();
        }
    }

    private byte[] read() throws DiskException {
        try (NbdDevice device = NbdDevice.open(uri(), Duration.ZERO)) {
            return new Blocking(device).read(0, 512);
        }
    }

    private List<Extent> extents(Duration limit) throws DiskException {
        var extents = new ArrayList<Extent>();
        try (NbdDevice device = NbdDevice.open(uri(), limit)) {
            var ended = new CompletableFuture<IoStatus>();
            device.submit(new Request.Extents(0, 4096, extents::add, (_, status) -> ended.complete(status)));
            if (ended.join() != IoStatus.OK) {
                throw new DiskException("extents of " + extents, ended.join());
            }
        }
        return extents;
    }

    @Test
    void aReadIsDoneWhenEachOfItsBytesHasComeOnce() throws Exception {
        reply(joined(data(0, 256, filled(256, 2)), data(1, 0, filled(256, 1))));
        assertThat(read()).isEqualTo(joined(filled(256, 1), filled(256, 2)));
        reply(joined(data(0, 0, filled(256, 1)), data(1, 0, filled(256, 1))));
        assertThatThrownBy(this::read).as("a half of it twice").isInstanceOf(DiskException.class);
        reply(joined(data(0, 256, filled(256, 1)), data(1, 256, filled(256, 1))));
        assertThatThrownBy(this::read).as("the other half twice").isInstanceOf(DiskException.class);
        reply(data(1, 0, filled(256, 1)));
        assertThatThrownBy(this::read).as("a half of it").isInstanceOf(DiskException.class);
    }

    @Test
    void aQuestionForExtentsIsAnsweredBySome() throws Exception {
        reply(status(1, CONTEXT, 512));
        assertThat(extents(Duration.ZERO)).containsExactly(new Extent(0, 512, true, false));
        byte[] done = ByteBuffer.allocate(Protocol.SIMPLE_REPLY_BYTES).putInt(Protocol.SIMPLE_REPLY_MAGIC).array();
        for (byte[] none : List.of(
                chunk(1, Protocol.REPLY_TYPE_NONE, NOTHING), done, status(1, CONTEXT, 0), status(1, CONTEXT + 1, 512))) {
            reply(none);
            assertThatThrownBy(() -> extents(Duration.ZERO)).isInstanceOf(DiskException.class).hasMessageContaining("[]");
        }
    }

    @Test
    void extentsAreToldOnce() throws Exception {
        reply(joined(status(0, CONTEXT, 512), status(1, CONTEXT, 512)));
        assertThatThrownBy(() -> extents(Duration.ZERO)).isInstanceOf(DiskException.class).hasMessageContaining("[]");
        reply(status(0, CONTEXT, 512), status(1, CONTEXT, 1024));
        assertThat(extents(Duration.ofSeconds(30))).as("by a successor").containsExactly(new Extent(0, 1024, true, false));
    }

    @Test
    void anotherContextThanWasWantedIsNone() throws Exception {
        byte[] other = ByteBuffer.allocate(11).putInt(1).put("qemu:no".getBytes(StandardCharsets.US_ASCII)).array();
        say(joined(
                greeting(),
                option(Protocol.OPT_EXTENDED_HEADERS, Protocol.REP_ACK, NOTHING),
                option(Protocol.OPT_SET_META_CONTEXT, Protocol.REP_META_CONTEXT, other),
                option(Protocol.OPT_SET_META_CONTEXT, Protocol.REP_ACK, NOTHING),
                option(Protocol.OPT_INFO, Protocol.REP_INFO, export(1)),
                option(Protocol.OPT_INFO, Protocol.REP_ACK, NOTHING)));
        // It is gone by the time the client says goodbye, too.
        assertThat(NbdDevice.look(uri()).features()).containsExactly("structured-replies", "extended-headers");
    }

    @Test
    void aReasonIsShortAndHasNothingThatATerminalObeys() {
        byte[] reason = ("no\u001b[2J\u009b2J" + "!".repeat(9000)).getBytes(StandardCharsets.UTF_8);
        say(joined(
                greeting(),
                option(Protocol.OPT_EXTENDED_HEADERS, Protocol.REP_ERR_UNSUP, NOTHING),
                option(Protocol.OPT_STRUCTURED_REPLY, Protocol.REP_ERR_UNSUP, NOTHING),
                option(Protocol.OPT_INFO, Protocol.REP_ERR_POLICY, reason)));
        assertThatThrownBy(() -> NbdDevice.look(uri())).isInstanceOfSatisfying(OperatorError.class, e -> {
            assertThat(e.problem()).contains("does not allow it (no [2J 2J!!!").hasSizeLessThan(600);
            assertThat(e.problem().chars()).noneMatch(Character::isISOControl);
        });
    }

    @Test
    void aBlockOfAnImpossibleSizeIsRefused() {
        for (int minimum : new int[] {0, 3, 700, 8192}) {
            byte[] sizes = ByteBuffer.allocate(14)
                    .putShort((short) Protocol.INFO_BLOCK_SIZE).putInt(minimum).putInt(4096).putInt(1 << 20).array();
            say(joined(
                    greeting(),
                    option(Protocol.OPT_EXTENDED_HEADERS, Protocol.REP_ACK, NOTHING),
                    option(Protocol.OPT_SET_META_CONTEXT, Protocol.REP_ACK, NOTHING),
                    option(Protocol.OPT_GO, Protocol.REP_INFO, export(1)),
                    option(Protocol.OPT_GO, Protocol.REP_INFO, sizes),
                    option(Protocol.OPT_GO, Protocol.REP_ACK, NOTHING)));
            assertThatThrownBy(() -> NbdDevice.open(uri(), Duration.ZERO))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("in units of " + minimum);
        }
    }

    @Test
    void whatIsSaidInTheClearAfterStartTlsIsRefused() {
        say(joined(
                greeting(),
                option(Protocol.OPT_STARTTLS, Protocol.REP_ACK, NOTHING),
                option(Protocol.OPT_EXTENDED_HEADERS, Protocol.REP_ACK, NOTHING)));
        assertThatThrownBy(() -> NbdDevice.look(uri().replace("nbd+", "nbds+")))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("between asking for TLS and beginning it");
    }

    /// A read and a write of 1 MiB, which does not go out as a whole before the server reads on. Both are under way.
    private static final class Early {
        final Arena arena = Arena.ofShared();
        final MemorySegment data = arena.allocate(1 << 20).fill((byte) 1);
        final CompletableFuture<IoStatus> read = new CompletableFuture<>();
        final CompletableFuture<IoStatus> write = new CompletableFuture<>();

        /// @param afterwards what the caller does with its buffer as soon as it is its own again
        void submit(NbdDevice device, Consumer<Early> afterwards) {
            device.submit(new Request.Read(0, Arena.ofAuto().allocate(512), (_, status) -> read.complete(status)));
            device.submit(new Request.Write(0, data, false, (_, status) -> {
                try {
                    afterwards.accept(this);
                    write.complete(status);
                } catch (IllegalStateException e) {
                    write.completeExceptionally(e);
                }
            }));
        }
    }

    /// Hears both requests of [Early], with the beginning of what is written, replies so, and hears the rest when it may.
    ///
    /// @return how many bytes it got of what was to be written
    private CompletableFuture<Integer> replyEarly(CompletableFuture<?> mayHear, byte[] reply) {
        return CompletableFuture.supplyAsync(() -> {
            try (SocketChannel peer = listener.accept()) {
                peer.write(ByteBuffer.wrap(handshake()));
                ByteBuffer heard = ByteBuffer.allocate(2 << 20);
                int data;
                do {
                    assertThat(peer.read(heard.limit(heard.position() + 4096))).isPositive();
                    data = afterRequests(heard);
                } while (data == 0);
                peer.write(ByteBuffer.wrap(reply));
                mayHear.orTimeout(20, TimeUnit.SECONDS).join();
                heard.limit(heard.capacity());
                while (peer.read(heard) > 0) {
                    if (heard.position() >= data + (1 << 20)) {
                        break;
                    }
                }
                ByteBuffer written = heard.flip().position(data);
                int count = 0;
                while (written.hasRemaining()) {
                    count += written.get() == 1 ? 1 : 0;
                }
                return count;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /// @return where the data of the second request begins; 0 when that has not come yet
    private static int afterRequests(ByteBuffer heard) {
        int requests = 0;
        for (int at = 0; at <= heard.position() - Protocol.REQUEST_BYTES; at++) {
            requests += heard.getInt(at) == Protocol.REQUEST_MAGIC ? 1 : 0;
            if (requests == 2) {
                return at + Protocol.REQUEST_BYTES;
            }
        }
        return 0;
    }

    private static byte[] simple(long cookie, int error) {
        return ByteBuffer.allocate(Protocol.SIMPLE_REPLY_BYTES).putInt(Protocol.SIMPLE_REPLY_MAGIC).putInt(error).putLong(cookie).array();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5})
    void aWriteThatIsAnsweredBeforeItHasBeenSentIsNotDone(int error) {
        var mayHear = new CompletableFuture<Void>();
        CompletableFuture<Integer> heard = replyEarly(mayHear, joined(simple(1, error), data(1, 0, filled(512, 1))));
        var early = new Early();
        try (NbdDevice device = NbdDevice.open(uri(), Duration.ZERO)) {
            early.submit(device, each -> each.data.fill((byte) 2));
            assertThat(early.read.join()).as("answered after the write").isEqualTo(IoStatus.OK);
            assertThat(early.write).isNotDone();
            mayHear.complete(null);
            assertThat(heard.join()).as("bytes of what was to be written").isEqualTo(1 << 20);
            assertThat(early.write.join()).isEqualTo(error == 0 ? IoStatus.OK : IoStatus.IO_ERROR);
        }
    }

    @RepeatedTest(20)
    void aWriteThatFailsWhileItIsSentLetsGoOfItsBufferFirst() {
        var mayHear = new CompletableFuture<Void>();
        CompletableFuture<Integer> heard = replyEarly(mayHear, filled(4, 0));
        var early = new Early();
        try (NbdDevice device = NbdDevice.open(uri(), Duration.ZERO)) {
            early.submit(device, each -> each.arena.close());
            assertThat(early.write.join()).isEqualTo(IoStatus.IO_ERROR);
        }
        mayHear.complete(null);
        assertThat(heard.join()).isLessThan(1 << 20);
    }
}
