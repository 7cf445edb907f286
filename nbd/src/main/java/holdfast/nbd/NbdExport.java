package holdfast.nbd;

import holdfast.block.Geometry;
import holdfast.block.OperatorError;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a server says of an export.
///
/// @param name its canonical name, or the one that was asked for
/// @param description for people, may be empty
/// @param flags the protocol's transmission flags
/// @param minimumBlockBytes unit of requests
/// @param preferredBlockBytes alignment to prefer
/// @param payloadBytesMax longest read or write
/// @param structured whether replies are structured
/// @param extended whether headers are extended: lengths of 64 bits
/// @param blockStatus whether the server tells what is a hole (`base:allocation`)
public record NbdExport(
        String name,
        String description,
        long sizeBytes,
        int flags,
        long minimumBlockBytes,
        long preferredBlockBytes,
        long payloadBytesMax,
        boolean structured,
        boolean extended,
        boolean blockStatus) {

    boolean can(int flag) {
        return (flags & flag) != 0;
    }

    public boolean readOnly() {
        return can(Protocol.FLAG_READ_ONLY);
    }

    /// What a server of ours calls what is in it, if nobody can change that.
    Optional<String> content() {
        int at = description.lastIndexOf(Export.CONTENT);
        return readOnly() && at >= 0 ? Optional.of(description.substring(at + Export.CONTENT.length())) : Optional.empty();
    }

    /// The shape of the disk that it is.
    ///
    /// @throws OperatorError when it is none of whole blocks
    Geometry geometry(String uri) {
        int logical = minimumBlockBytes <= 512 ? 512 : 4096;
        if (minimumBlockBytes > 4096 || Long.bitCount(minimumBlockBytes) != 1 || sizeBytes <= 0 || sizeBytes % logical != 0) {
            throw new OperatorError(
                    uri,
                    "is no disk of whole blocks: " + sizeBytes + " bytes in units of " + minimumBlockBytes,
                    "serve a disk whose size is a multiple of 512 or 4096 bytes");
        }
        long preferred = Long.highestOneBit(Math.clamp(preferredBlockBytes, logical, 1 << 20));
        return new Geometry(
                sizeBytes,
                logical,
                (int) preferred,
                readOnly(),
                can(Protocol.FLAG_SEND_FLUSH),
                can(Protocol.FLAG_SEND_TRIM),
                can(Protocol.FLAG_SEND_WRITE_ZEROES),
                NbdDevice.QUEUE_DEPTH);
    }

    /// What the server can do besides reading and writing, in the protocol's words.
    public List<String> features() {
        var features = new ArrayList<String>();
        if (structured) {
            features.add("structured-replies");
        }
        if (extended) {
            features.add("extended-headers");
        }
        if (blockStatus) {
            features.add("block-status");
        }
        add(features, Protocol.FLAG_SEND_FLUSH, "flush");
        add(features, Protocol.FLAG_SEND_FUA, "fua");
        add(features, Protocol.FLAG_SEND_TRIM, "trim");
        add(features, Protocol.FLAG_SEND_WRITE_ZEROES, "write-zeroes");
        add(features, Protocol.FLAG_SEND_FAST_ZERO, "fast-zero");
        add(features, Protocol.FLAG_SEND_DF, "df");
        add(features, Protocol.FLAG_SEND_CACHE, "cache");
        add(features, Protocol.FLAG_CAN_MULTI_CONN, "multi-conn");
        add(features, Protocol.FLAG_BLOCK_STATUS_PAYLOAD, "block-status-payload");
        return features;
    }

    private void add(List<String> features, int flag, String name) {
        if (can(flag)) {
            features.add(name);
        }
    }

    /// Whether a client that relied on `before` can go on with this.
    boolean continues(NbdExport before) {
        return sizeBytes >= before.sizeBytes
                && (flags & before.flags) == before.flags
                && readOnly() == before.readOnly()
                && minimumBlockBytes <= before.minimumBlockBytes
                && payloadBytesMax >= before.payloadBytesMax
                && (extended || !before.extended)
                && blockStatus == before.blockStatus
                && content().equals(before.content());
    }
}
