package holdfast.nbd;

import holdfast.block.Alarm;
import holdfast.block.Extent;
import holdfast.block.Request;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/// One connection to a server, in its transmission phase. One thread sends and one receives.
final class ClientConnection implements AutoCloseable {
    private static final Duration HANDSHAKE_LIMIT = Duration.ofSeconds(30);
    private static final int BATCH = 64;

    /// What a chunk without data may have, so that no server keeps us skipping for ever; more than data can have.
    private static final long CHUNK_BYTES_MAX = 1L << 32;

    /// Extents that are kept of one reply; more are asked for again.
    private static final int EXTENTS_MAX = 1 << 14;

    /// The server does not keep to the protocol; nothing of it can be believed.
    static final class Nonsense extends IOException {
        Nonsense(String message) {
            super(message);
        }
    }

    /// Knows what was asked, and hears what was answered.
    interface Answers {
        /// @return null when nobody asked
        @Nullable Part asked(long cookie);

        /// @param error 0 for success
        void answered(Part part, int error);
    }

    private final Link link;
    private final Inbound in;
    private final NbdExport export;

    /// What the server calls the one metadata context that we have selected.
    private final int contextId;

    private final ReplyFormat format;
    private final ByteBuffer headers = ByteBuffer.allocateDirect(BATCH * Protocol.EXTENDED_REQUEST_BYTES);
    private final ByteBuffer[] pieces = new ByteBuffer[2 * BATCH];

    private ClientConnection(Link link, Inbound in, NbdExport export, int contextId) {
        this.link = link;
        this.in = in;
        this.export = export;
        this.contextId = contextId;
        format = export.extended() ? ReplyFormat.EXTENDED : export.structured() ? ReplyFormat.STRUCTURED : ReplyFormat.SIMPLE;
    }

    interface Negotiation {
        NbdExport with(ClientHandshake handshake) throws IOException;
    }

    /// @param tls for an address with TLS, else null
    /// @throws IOException when nobody is there, refuses us, is not to be trusted or is no NBD server
    static ClientConnection open(NbdUri uri, @Nullable TlsIdentity tls) throws IOException {
        Link link = SocketLink.of(SocketChannel.open(uri.address()));
        try {
            var in = new Inbound(link);
            ClientHandshake handshake = handshake(link, in, uri, tls);
            NbdExport export = negotiate(link, handshake, ClientHandshake::go);
            return new ClientConnection(handshake.link(), in, export, handshake.contextId());
        } catch (IOException | RuntimeException e) {
            link.close();
            throw e;
        }
    }

    /// What a server says of an export.
    ///
    /// @throws IOException as [#open]
    static NbdExport look(NbdUri uri, @Nullable TlsIdentity tls) throws IOException {
        try (Link link = SocketLink.of(SocketChannel.open(uri.address()))) {
            return negotiate(link, handshake(link, new Inbound(link), uri, tls), ClientHandshake::look);
        }
    }

    private static ClientHandshake handshake(Link link, Inbound in, NbdUri uri, @Nullable TlsIdentity tls) {
        SSLEngine engine = uri.tls() == null || tls == null ? null : tls.clientEngine(uri.tls().hostname());
        return new ClientHandshake(link, in, uri.export(), engine);
    }

    /// Whoever accepts a connection and says nothing is given up.
    private static NbdExport negotiate(Link link, ClientHandshake handshake, Negotiation how) throws IOException {
        var done = new AtomicBoolean();
        Alarm.wallClock().after(HANDSHAKE_LIMIT, () -> {
            if (!done.get()) {
                link.close();
            }
        });
        NbdExport export = how.with(handshake);
        done.set(true);
        return export;
    }

    NbdExport export() {
        return export;
    }

    /// Sends at most [#BATCH] requests in one go.
    void send(List<Part> parts) throws IOException {
        headers.clear();
        int count = 0;
        for (Part part : parts) {
            int from = headers.position();
            part.putHeader(headers, format);
            pieces[count++] = headers.slice(from, format.requestBytes);
            if (part.carriesData() && part.data != null) {
                pieces[count++] = part.data.asByteBuffer();
            }
        }
        link.write(pieces, count);
    }

    static int batch() {
        return BATCH;
    }

    /// Receives replies until the connection is lost.
    ///
    /// @throws Nonsense when the server breaks the protocol
    /// @throws IOException when the connection is lost
    void receive(Answers answers) throws IOException {
        while (in.await(Integer.BYTES)) {
            int magic = in.buffer().getInt();
            if (magic == Protocol.EXTENDED_REPLY_MAGIC && format == ReplyFormat.EXTENDED) {
                extended(answers);
            } else if (magic == Protocol.SIMPLE_REPLY_MAGIC && format != ReplyFormat.EXTENDED) {
                simple(answers);
            } else if (magic == Protocol.STRUCTURED_REPLY_MAGIC && format == ReplyFormat.STRUCTURED) {
                structured(answers);
            } else {
                throw new Nonsense("a reply without a magic number");
            }
        }
        throw new EOFException("the server has ended the connection");
    }

    private void simple(Answers answers) throws IOException {
        in.need(Protocol.SIMPLE_REPLY_BYTES - Integer.BYTES);
        int error = in.buffer().getInt();
        Part part = asked(answers, in.buffer().getLong());
        if (error == 0 && part.type == Protocol.CMD_READ) {
            if (format != ReplyFormat.SIMPLE) {
                throw new Nonsense("a simple reply to a read");
            }
            in.take(data(part, 0, part.length));
        }
        if (error == 0 && part.type == Protocol.CMD_BLOCK_STATUS) {
            throw new Nonsense("a simple reply to a question for extents");
        }
        answers.answered(part, error);
    }

    private static Part asked(Answers answers, long cookie) throws Nonsense {
        Part part = answers.asked(cookie);
        if (part == null) {
            throw new Nonsense("a reply to nothing that was asked");
        }
        return part;
    }

    private void structured(Answers answers) throws IOException {
        in.need(Protocol.STRUCTURED_REPLY_BYTES - Integer.BYTES);
        ByteBuffer header = in.buffer();
        boolean last = (header.getShort() & Protocol.REPLY_FLAG_DONE) != 0;
        int type = header.getShort() & 0xffff;
        Part part = asked(answers, header.getLong());
        chunk(answers, part, type, Integer.toUnsignedLong(header.getInt()), last);
    }

    private void extended(Answers answers) throws IOException {
        in.need(Protocol.EXTENDED_REPLY_BYTES - Integer.BYTES);
        ByteBuffer header = in.buffer();
        boolean last = (header.getShort() & Protocol.REPLY_FLAG_DONE) != 0;
        int type = header.getShort() & 0xffff;
        Part part = asked(answers, header.getLong());
        long offset = header.getLong();
        long length = header.getLong();
        if (offset != part.offset || length < 0 || length > CHUNK_BYTES_MAX) {
            throw new Nonsense("a chunk of " + Long.toUnsignedString(length) + " bytes to a request at " + Long.toUnsignedString(offset));
        }
        chunk(answers, part, type, length, last);
    }

    private void chunk(Answers answers, Part part, int type, long length, boolean last) throws IOException {
        switch (type) {
            case Protocol.REPLY_TYPE_NONE -> in.skip(length);
            case Protocol.REPLY_TYPE_OFFSET_DATA -> {
                long offset = fixed(length, Long.BYTES).getLong();
                in.take(data(part, offset - part.offset, length - Long.BYTES));
            }
            case Protocol.REPLY_TYPE_OFFSET_HOLE -> {
                ByteBuffer hole = fixed(length, Long.BYTES + Integer.BYTES);
                if (length != Long.BYTES + Integer.BYTES) {
                    throw new Nonsense("a hole in a chunk of " + length + " bytes");
                }
                long offset = hole.getLong();
                range(part, offset - part.offset, Integer.toUnsignedLong(hole.getInt())).fill((byte) 0);
            }
            case Protocol.REPLY_TYPE_BLOCK_STATUS, Protocol.REPLY_TYPE_BLOCK_STATUS_EXT -> blockStatus(part, type, length);
            default -> error(part, type, length);
        }
        if (last) {
            if (part.error == 0) {
                complete(part);
            }
            answers.answered(part, part.error);
        }
    }

    /// Nothing is taken for done of which a part has not come.
    private static void complete(Part part) throws Nonsense {
        if (part.type == Protocol.CMD_READ && !part.received.isAll(part.length)) {
            throw new Nonsense("a read of which something is missing");
        }
        if (part.whole.request instanceof Request.Extents asked) {
            if (part.extents == null) {
                throw new Nonsense("no extents to a question for them");
            }
            part.extents.forEach(asked.extents());
        }
    }

    private ByteBuffer fixed(long length, int bytes) throws IOException {
        if (length < bytes) {
            throw new Nonsense("a chunk that is too short");
        }
        in.need(bytes);
        return in.buffer();
    }

    private static ByteBuffer data(Part part, long from, long length) throws Nonsense {
        return range(part, from, length).asByteBuffer();
    }

    private static MemorySegment range(Part part, long from, long length) throws Nonsense {
        MemorySegment data = part.data;
        if (part.type != Protocol.CMD_READ || data == null || from < 0 || length < 0 || from > part.length - length) {
            throw new Nonsense("data that was not asked for");
        }
        if (!part.received.add(from, length)) {
            throw new Nonsense("data that has come before");
        }
        return data.asSlice(from, length);
    }

    private void error(Part part, int type, long length) throws IOException {
        if ((type & 1 << 15) == 0) {
            throw new Nonsense("a chunk of unknown type " + type);
        }
        part.error = fixed(length, Integer.BYTES).getInt();
        if (part.error == 0) {
            throw new Nonsense("an error that is none");
        }
        in.skip(length - Integer.BYTES);
    }

    /// The last extent may reach past what was asked.
    private void blockStatus(Part part, int type, long length) throws IOException {
        boolean wide = type == Protocol.REPLY_TYPE_BLOCK_STATUS_EXT;
        int head = wide ? 2 * Integer.BYTES : Integer.BYTES;
        int entry = wide ? 2 * Long.BYTES : 2 * Integer.BYTES;
        if (wide != (format == ReplyFormat.EXTENDED)
                || part.type != Protocol.CMD_BLOCK_STATUS
                || part.extents != null
                || (length - head) % entry != 0
                || length <= head) {
            throw new Nonsense("a block status that was not asked for, comes twice, or is cut short");
        }
        in.need(head);
        if (in.buffer().getInt() != contextId) {
            throw new Nonsense("the status of a context that was not asked for");
        }
        if (wide && Integer.toUnsignedLong(in.buffer().getInt()) != (length - head) / entry) {
            throw new Nonsense("a block status that is not as long as it says");
        }
        part.extents = extents(part, wide, (length - head) / entry);
    }

    private List<Extent> extents(Part part, boolean wide, long count) throws IOException {
        var extents = new ArrayList<Extent>();
        long at = part.offset;
        long end = part.offset + part.length;
        for (long left = count; left > 0; left--) {
            in.need(wide ? 2 * Long.BYTES : 2 * Integer.BYTES);
            long bytes = wide ? in.buffer().getLong() : Integer.toUnsignedLong(in.buffer().getInt());
            long state = wide ? in.buffer().getLong() : in.buffer().getInt();
            long until = bytes < 0 || bytes > end - at ? end : at + bytes;
            if (until > at && extents.size() < EXTENTS_MAX) {
                boolean zero = (state & Protocol.STATE_ZERO) != 0;
                boolean hole = (state & Protocol.STATE_HOLE) != 0;
                extents.add(new Extent(at, until - at, !(hole && zero), zero));
                at = until;
            }
        }
        if (extents.isEmpty()) {
            throw new Nonsense("a block status of nothing");
        }
        return extents;
    }

    /// Says goodbye.
    void disconnect() {
        try {
            ByteBuffer goodbye = ByteBuffer.allocate(format.requestBytes);
            goodbye.putInt(format.requestMagic).putShort((short) 0).putShort((short) Protocol.CMD_DISC);
            link.write(new ByteBuffer[] {goodbye.clear()}, 1);
        } catch (IOException gone) {
            System.getLogger(ClientConnection.class.getName())
                    .log(System.Logger.Level.DEBUG, "the server has gone first: " + gone.getMessage());
        }
        close();
    }

    @Override
    public void close() {
        link.close();
    }
}
