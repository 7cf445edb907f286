package holdfast.nbd;

import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/// The client's side of fixed newstyle negotiation.
final class ClientHandshake {
    private static final System.Logger LOG = System.getLogger(ClientHandshake.class.getName());
    private static final int GREETING_BYTES = 18;
    private static final int REPLY_BYTES = 20;
    private static final int REPLY_DATA_BYTES_MAX = 1 << 20;
    private static final int ZEROES_AFTER_EXPORT_NAME = 124;

    /// What people get to read of a server's reasons.
    private static final int MESSAGE_BYTES_MAX = 500;

    /// What may be used where the server says nothing of sizes.
    private static final int DEFAULT_PREFERRED = 4096;

    private Link link;
    private final Inbound in;
    private final String export;
    private final @Nullable SSLEngine engine;
    private boolean noZeroes;
    private int contextId;

    /// The server does not want us, and says why.
    static final class Refused extends IOException {
        Refused(String message) {
            super(message);
        }
    }

    /// @param engine for TLS, without which there is no going on then; null for none
    ClientHandshake(Link link, Inbound in, String export, @Nullable SSLEngine engine) {
        this.link = link;
        this.in = in;
        this.export = export;
        this.engine = engine;
    }

    /// The link that the transmission goes over.
    Link link() {
        return link;
    }

    /// What the server calls `base:allocation`, if it has selected that.
    int contextId() {
        return contextId;
    }

    /// Enters the transmission phase.
    ///
    /// @throws Refused when the server says no
    /// @throws IOException when the connection is lost, or this is no NBD
    NbdExport go() throws IOException {
        return negotiate(Protocol.OPT_GO);
    }

    /// Asks, and says goodbye, whether or not anybody listens still.
    ///
    /// @throws IOException as [#go]
    NbdExport look() throws IOException {
        NbdExport found = negotiate(Protocol.OPT_INFO);
        try {
            send(Protocol.OPT_ABORT, new byte[0]);
        } catch (IOException gone) {
            LOG.log(Level.DEBUG, "the server has gone first: " + gone.getMessage());
        }
        return found;
    }

    private NbdExport negotiate(int last) throws IOException {
        greet();
        if (engine != null) {
            startTls(engine);
        }
        boolean extended = option(Protocol.OPT_EXTENDED_HEADERS, _ -> {}).type() == Protocol.REP_ACK;
        boolean structured = extended || option(Protocol.OPT_STRUCTURED_REPLY, _ -> {}).type() == Protocol.REP_ACK;
        boolean blockStatus = structured && selectContext();
        return info(last, new NbdExport(
                export, "", -1, 0, 1, DEFAULT_PREFERRED, Protocol.PAYLOAD_BYTES_MAX, structured, extended, blockStatus));
    }

    private void greet() throws IOException {
        in.need(GREETING_BYTES);
        ByteBuffer greeting = in.buffer();
        if (greeting.getLong() != Protocol.NBDMAGIC || greeting.getLong() != Protocol.IHAVEOPT) {
            throw new Refused("whatever listens there speaks no (new style) NBD");
        }
        int flags = greeting.getShort();
        if ((flags & Protocol.FLAG_FIXED_NEWSTYLE) == 0) {
            throw new Refused("the server is too old: it does not know fixed newstyle negotiation");
        }
        noZeroes = (flags & Protocol.FLAG_NO_ZEROES) != 0;
        write(out -> out.writeInt(Protocol.FLAG_FIXED_NEWSTYLE | (noZeroes ? Protocol.FLAG_NO_ZEROES : 0)));
    }

    private void startTls(SSLEngine with) throws IOException {
        Reply reply = option(Protocol.OPT_STARTTLS, _ -> {});
        if (reply.type() != Protocol.REP_ACK) {
            throw new Refused("the server offers no TLS");
        }
        in.switchTo(link);
        link = TlsLink.over(link, with);
        in.switchTo(link);
    }

    private boolean selectContext() throws IOException {
        Reply reply = option(Protocol.OPT_SET_META_CONTEXT, out -> {
            string(out, export);
            out.writeInt(1);
            string(out, BlockStatus.CONTEXT);
        });
        boolean selected = false;
        while (reply.type() == Protocol.REP_META_CONTEXT) {
            ByteBuffer context = ByteBuffer.wrap(reply.data());
            if (context.remaining() < Integer.BYTES) {
                throw new IOException("the server's context has no number");
            }
            int id = context.getInt();
            if (text(context).equals(BlockStatus.CONTEXT)) {
                contextId = id;
                selected = true;
            }
            reply = reply(Protocol.OPT_SET_META_CONTEXT);
        }
        return selected && reply.type() == Protocol.REP_ACK;
    }

    /// @param agreed what there is to say of the export without asking
    private NbdExport info(int option, NbdExport agreed) throws IOException {
        Reply reply = option(option, out -> {
            string(out, export);
            out.writeShort(3);
            out.writeShort(Protocol.INFO_BLOCK_SIZE);
            out.writeShort(Protocol.INFO_NAME);
            out.writeShort(Protocol.INFO_DESCRIPTION);
        });
        if (reply.type() == Protocol.REP_ERR_UNSUP && option == Protocol.OPT_GO) {
            return exportName(agreed);
        }
        NbdExport known = agreed;
        while (reply.type() == Protocol.REP_INFO) {
            known = with(known, ByteBuffer.wrap(reply.data()));
            reply = reply(option);
        }
        if (reply.type() != Protocol.REP_ACK) {
            throw refused(reply);
        }
        if (known.sizeBytes() < 0) {
            throw new IOException("the server does not say how large the export is");
        }
        return known;
    }

    private static NbdExport with(NbdExport known, ByteBuffer info) throws IOException {
        if (info.remaining() < Short.BYTES) {
            throw new IOException("the server's information is empty");
        }
        int kind = info.getShort();
        return switch (kind) {
            case Protocol.INFO_EXPORT -> {
                length(info, Long.BYTES + Short.BYTES);
                long size = info.getLong();
                yield new NbdExport(
                        known.name(), known.description(), size, info.getShort() & 0xffff, known.minimumBlockBytes(),
                        known.preferredBlockBytes(), known.payloadBytesMax(), known.structured(), known.extended(), known.blockStatus());
            }
            case Protocol.INFO_BLOCK_SIZE -> {
                length(info, 3 * Integer.BYTES);
                long minimum = Integer.toUnsignedLong(info.getInt());
                long preferred = Integer.toUnsignedLong(info.getInt());
                long most = Integer.toUnsignedLong(info.getInt());
                yield new NbdExport(
                        known.name(), known.description(), known.sizeBytes(), known.flags(), minimum, preferred, most,
                        known.structured(), known.extended(), known.blockStatus());
            }
            case Protocol.INFO_NAME -> named(known, text(info), known.description());
            case Protocol.INFO_DESCRIPTION -> named(known, known.name(), text(info));
            default -> known;
        };
    }

    private static NbdExport named(NbdExport known, String name, String description) {
        return new NbdExport(
                name, description, known.sizeBytes(), known.flags(), known.minimumBlockBytes(),
                known.preferredBlockBytes(), known.payloadBytesMax(), known.structured(), known.extended(), known.blockStatus());
    }

    private static void length(ByteBuffer info, int bytes) throws IOException {
        if (info.remaining() != bytes) {
            throw new IOException("the server's information has " + info.remaining() + " bytes in place of " + bytes);
        }
    }

    private static String text(ByteBuffer info) {
        return StandardCharsets.UTF_8.decode(info).toString();
    }

    /// For servers that do not know GO.
    private NbdExport exportName(NbdExport agreed) throws IOException {
        if (agreed.extended()) {
            throw new IOException("the server has agreed on extended headers, and does not know GO");
        }
        send(Protocol.OPT_EXPORT_NAME, export.getBytes(StandardCharsets.UTF_8));
        if (!in.await(Long.BYTES + Short.BYTES)) {
            throw new Refused("the server has no export '" + export + "'");
        }
        long size = in.buffer().getLong();
        int flags = in.buffer().getShort() & 0xffff;
        in.skip(noZeroes ? 0 : ZEROES_AFTER_EXPORT_NAME);
        return new NbdExport(
                export, "", size, flags, agreed.minimumBlockBytes(), agreed.preferredBlockBytes(), agreed.payloadBytesMax(),
                agreed.structured(), false, agreed.blockStatus());
    }

    private static Refused refused(Reply reply) {
        ByteBuffer message = ByteBuffer.wrap(reply.data(), 0, Math.min(reply.data().length, MESSAGE_BYTES_MAX));
        // Nothing that a terminal would obey.
        String said = text(message).replaceAll("\\p{Cc}", " ").strip();
        String what = switch (reply.type()) {
            case Protocol.REP_ERR_UNKNOWN -> "there is no such export";
            case Protocol.REP_ERR_POLICY -> "the server does not allow it";
            case Protocol.REP_ERR_TLS_REQD -> "the server wants TLS: write nbds in place of nbd";
            case Protocol.REP_ERR_SHUTDOWN -> "the server is about to end";
            default -> "the server refuses it";
        };
        return new Refused(said.isEmpty() ? what : what + " (" + said + ")");
    }

    private record Reply(int type, byte[] data) {}

    /// Sends an option and waits for the first reply to it.
    private Reply option(int option, Content content) throws IOException {
        send(option, content.bytes());
        return reply(option);
    }

    private void send(int option, byte[] data) throws IOException {
        write(out -> {
            out.writeLong(Protocol.IHAVEOPT);
            out.writeInt(option);
            out.writeInt(data.length);
            out.write(data);
        });
    }

    private Reply reply(int option) throws IOException {
        in.need(REPLY_BYTES);
        ByteBuffer header = in.buffer();
        long magic = header.getLong();
        int answered = header.getInt();
        int type = header.getInt();
        int length = header.getInt();
        if (magic != Protocol.REPLY_TO_OPTION || answered != option || length < 0 || length > REPLY_DATA_BYTES_MAX) {
            throw new IOException("the server's reply makes no sense");
        }
        var data = new byte[length];
        in.take(ByteBuffer.wrap(data));
        return new Reply(type, data);
    }

    private static void string(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /// A server that does not want us by TLS has said so before it has gone.
    private void write(Content content) throws IOException {
        try {
            content.send(link);
        } catch (IOException gone) {
            if (engine != null) {
                in.await(1);
            }
            throw gone;
        }
    }
}
