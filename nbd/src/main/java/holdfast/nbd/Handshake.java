package holdfast.nbd;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The server's side of fixed newstyle negotiation (proto.md, "Fixed newstyle negotiation").
///
/// ```
/// greeting ─→ client's flags ─→ options, each answered ─→ EXPORT_NAME or GO ─→ transmission
///                                      └── ABORT, or the peer is gone ─→ end
/// ```
final class Handshake {
    /// An option with more data than any that we know can have is read past and refused.
    private static final int OPTION_BYTES_MAX = 64 << 10;

    private static final int OPTION_HEADER_BYTES = 16;
    private static final int ZEROES_AFTER_EXPORT_NAME = 124;

    private final Exports exports;
    private final @Nullable TlsIdentity tls;
    private final Inbound in;

    private Link link;
    private boolean protectedNow;
    private boolean noZeroes;
    private ReplyFormat format = ReplyFormat.SIMPLE;

    /// The export for which `base:allocation` was selected.
    private @Nullable Export selected;

    /// @param tls null for none; else nobody gets anywhere without it
    Handshake(Exports exports, @Nullable TlsIdentity tls, Link link, Inbound in) {
        this.exports = exports;
        this.tls = tls;
        this.link = link;
        this.in = in;
    }

    /// Comes to an agreement, which counts as one client of its export ([Export#leave]).
    ///
    /// @return null when the client has ended it
    /// @throws IOException when the peer is gone or is no NBD client
    @Nullable Negotiated run() throws IOException {
        write(out -> {
            out.writeLong(Protocol.NBDMAGIC);
            out.writeLong(Protocol.IHAVEOPT);
            out.writeShort(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES);
        });
        if (!in.await(Integer.BYTES)) {
            return null;
        }
        int flags = in.buffer().getInt();
        if ((flags & ~(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES)) != 0) {
            throw new IOException("the client wants flags that we do not know: " + Integer.toHexString(flags));
        }
        noZeroes = (flags & Protocol.FLAG_NO_ZEROES) != 0;
        while (in.await(OPTION_HEADER_BYTES)) {
            if (in.buffer().getLong() != Protocol.IHAVEOPT) {
                throw new IOException("the client's option has no magic number");
            }
            int option = in.buffer().getInt();
            long length = Integer.toUnsignedLong(in.buffer().getInt());
            if (length > OPTION_BYTES_MAX) {
                refuseLong(option, length);
                continue;
            }
            var data = new byte[(int) length];
            in.take(ByteBuffer.wrap(data));
            if (option == Protocol.OPT_ABORT) {
                reply(option, Protocol.REP_ACK);
                return null;
            }
            Negotiated agreed = answer(option, data);
            if (agreed != null) {
                return agreed;
            }
        }
        return null;
    }

    /// The link that the transmission goes over.
    Link link() {
        return link;
    }

    /// Whatever was agreed on in the clear is forgotten.
    private void startTls(byte[] data) throws IOException, OptionData.Invalid {
        refuseData(data);
        if (tls == null) {
            error(Protocol.OPT_STARTTLS, Protocol.REP_ERR_POLICY, "this server has no certificate");
            return;
        }
        if (protectedNow) {
            throw new OptionData.Invalid("TLS has begun already");
        }
        reply(Protocol.OPT_STARTTLS, Protocol.REP_ACK);
        in.switchTo(link);
        link = TlsLink.over(link, tls.serverEngine());
        in.switchTo(link);
        protectedNow = true;
        format = ReplyFormat.SIMPLE;
        selected = null;
    }

    private void refuseLong(int option, long length) throws IOException {
        if (option == Protocol.OPT_EXPORT_NAME || length > Protocol.PAYLOAD_BYTES_MAX) {
            throw new IOException("the client's option " + option + " has " + length + " bytes of data");
        }
        in.skip(length);
        error(option, Protocol.REP_ERR_TOO_BIG, "no option has so much data");
    }

    private @Nullable Negotiated answer(int option, byte[] data) throws IOException {
        if (tls != null && !protectedNow && option != Protocol.OPT_STARTTLS) {
            if (option == Protocol.OPT_EXPORT_NAME) {
                throw new IOException("the client wants an export without TLS");
            }
            error(option, Protocol.REP_ERR_TLS_REQD, "this server wants TLS");
            return null;
        }
        try {
            switch (option) {
                case Protocol.OPT_STARTTLS -> startTls(data);
                case Protocol.OPT_EXPORT_NAME -> {
                    return exportName(data);
                }
                case Protocol.OPT_GO -> {
                    return go(data);
                }
                case Protocol.OPT_INFO -> info(option, OptionData.Info.parse(data));
                case Protocol.OPT_LIST -> list(data);
                case Protocol.OPT_STRUCTURED_REPLY -> structuredReply(data);
                case Protocol.OPT_EXTENDED_HEADERS -> extendedHeaders(data);
                case Protocol.OPT_LIST_META_CONTEXT, Protocol.OPT_SET_META_CONTEXT -> metaContext(option, data);
                default -> error(option, Protocol.REP_ERR_UNSUP, "option " + option + " is not supported");
            }
        } catch (OptionData.Invalid e) {
            error(option, Protocol.REP_ERR_INVALID, e.getMessage() == null ? "invalid" : e.getMessage());
        }
        return null;
    }

    /// The option that cannot be refused but by going away.
    private Negotiated exportName(byte[] data) throws IOException, OptionData.Invalid {
        if (format == ReplyFormat.EXTENDED) {
            throw new IOException("the client has agreed on extended headers, and cannot go back with EXPORT_NAME");
        }
        Export export = data.length > Protocol.STRING_BYTES_MAX ? null : exports.named(OptionData.text(data));
        if (export == null || !export.enter()) {
            throw new IOException("the client asked for an export that there is not, or too often");
        }
        try {
            write(out -> {
                out.writeLong(export.sizeBytes());
                out.writeShort(flags(Protocol.OPT_EXPORT_NAME, export));
                out.write(new byte[noZeroes ? 0 : ZEROES_AFTER_EXPORT_NAME]);
            });
        } catch (IOException e) {
            export.leave();
            throw e;
        }
        return negotiated(export);
    }

    private @Nullable Negotiated go(byte[] data) throws IOException, OptionData.Invalid {
        OptionData.Info asked = OptionData.Info.parse(data);
        Export export = exports.named(asked.name());
        if (export != null && !export.enter()) {
            error(Protocol.OPT_GO, Protocol.REP_ERR_POLICY, "it has " + Export.CONNECTIONS_MAX + " clients already");
            return null;
        }
        try {
            info(Protocol.OPT_GO, asked);
        } catch (IOException e) {
            if (export != null) {
                export.leave();
            }
            throw e;
        }
        return export == null ? null : negotiated(export);
    }

    @SuppressWarnings("ReferenceEquality") // An export is itself, whatever it is called.
    private Negotiated negotiated(Export export) {
        return new Negotiated(export, format, selected == export);
    }

    /// Contexts can be listed by a client that has selected some; one that only looks may do so yet.
    @SuppressWarnings("ReferenceEquality") // As above.
    private int flags(int option, Export export) {
        boolean lists = format == ReplyFormat.EXTENDED && (option == Protocol.OPT_INFO || selected == export);
        return export.transmissionFlags(format != ReplyFormat.SIMPLE) | (lists ? Protocol.FLAG_BLOCK_STATUS_PAYLOAD : 0);
    }

    private void info(int option, OptionData.Info asked) throws IOException {
        Export export = exports.named(asked.name());
        if (export == null) {
            error(option, Protocol.REP_ERR_UNKNOWN, "there is no export of this name");
            return;
        }
        reply(option, Protocol.REP_INFO, out -> {
            out.writeShort(Protocol.INFO_EXPORT);
            out.writeLong(export.sizeBytes());
            out.writeShort(flags(option, export));
        });
        for (int kind : List.of(Protocol.INFO_NAME, Protocol.INFO_DESCRIPTION, Protocol.INFO_BLOCK_SIZE)) {
            if (asked.wanted().contains(kind)) {
                reply(option, Protocol.REP_INFO, out -> detail(out, kind, export));
            }
        }
        reply(option, Protocol.REP_ACK);
    }

    private static void detail(DataOutputStream out, int kind, Export export) throws IOException {
        out.writeShort(kind);
        switch (kind) {
            case Protocol.INFO_NAME -> out.write(export.name().getBytes(StandardCharsets.UTF_8));
            case Protocol.INFO_DESCRIPTION -> out.write(export.description().getBytes(StandardCharsets.UTF_8));
            default -> {
                out.writeInt(export.minimumBlockBytes());
                out.writeInt(export.preferredBlockBytes());
                out.writeInt(Protocol.PAYLOAD_BYTES_MAX);
            }
        }
    }

    private void list(byte[] data) throws IOException, OptionData.Invalid {
        refuseData(data);
        for (Export export : exports.all()) {
            byte[] name = export.name().getBytes(StandardCharsets.UTF_8);
            reply(Protocol.OPT_LIST, Protocol.REP_SERVER, out -> {
                out.writeInt(name.length);
                out.write(name);
                out.write(export.description().getBytes(StandardCharsets.UTF_8));
            });
        }
        reply(Protocol.OPT_LIST, Protocol.REP_ACK);
    }

    private void structuredReply(byte[] data) throws IOException, OptionData.Invalid {
        refuseData(data);
        if (format == ReplyFormat.EXTENDED) {
            error(Protocol.OPT_STRUCTURED_REPLY, Protocol.REP_ERR_EXT_HEADER_REQD, "extended headers were agreed on");
            return;
        }
        format = ReplyFormat.STRUCTURED;
        reply(Protocol.OPT_STRUCTURED_REPLY, Protocol.REP_ACK);
    }

    private void extendedHeaders(byte[] data) throws IOException, OptionData.Invalid {
        refuseData(data);
        if (format == ReplyFormat.EXTENDED) {
            throw new OptionData.Invalid("extended headers were agreed on already");
        }
        format = ReplyFormat.EXTENDED;
        reply(Protocol.OPT_EXTENDED_HEADERS, Protocol.REP_ACK);
    }

    /// There is one context. Its namespace alone finds it in a list, and selects nothing; other namespaces find nothing.
    private void metaContext(int option, byte[] data) throws IOException, OptionData.Invalid {
        boolean set = option == Protocol.OPT_SET_META_CONTEXT;
        if (set) {
            selected = null;
        }
        if (format == ReplyFormat.SIMPLE) {
            throw new OptionData.Invalid("structured replies come first");
        }
        OptionData.Queries asked = OptionData.Queries.parse(data);
        Export export = exports.named(asked.name());
        if (export == null) {
            error(option, Protocol.REP_ERR_UNKNOWN, "there is no export of this name");
            return;
        }
        boolean all = !set && (asked.queries().isEmpty() || asked.queries().contains("base:"));
        if (all || asked.queries().contains(BlockStatus.CONTEXT)) {
            selected = set ? export : selected;
            reply(option, Protocol.REP_META_CONTEXT, out -> {
                out.writeInt(set ? BlockStatus.CONTEXT_ID : 0);
                out.write(BlockStatus.CONTEXT.getBytes(StandardCharsets.UTF_8));
            });
        }
        reply(option, Protocol.REP_ACK);
    }

    private static void refuseData(byte[] data) throws OptionData.Invalid {
        if (data.length > 0) {
            throw new OptionData.Invalid("this option has no data");
        }
    }

    private void reply(int option, int type) throws IOException {
        reply(option, type, _ -> {});
    }

    private void error(int option, int type, String message) throws IOException {
        reply(option, type, out -> out.write(message.getBytes(StandardCharsets.UTF_8)));
    }

    private void reply(int option, int type, Content content) throws IOException {
        byte[] data = content.bytes();
        write(out -> {
            out.writeLong(Protocol.REPLY_TO_OPTION);
            out.writeInt(option);
            out.writeInt(type);
            out.writeInt(data.length);
            out.write(data);
        });
    }

    private void write(Content content) throws IOException {
        content.send(link);
    }
}
