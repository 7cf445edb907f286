package holdfast.block;

/// The shape of a disk and what it can do.
///
/// @param sizeBytes size, a multiple of `logicalBlockBytes`, more than 0
/// @param logicalBlockBytes unit of addressing, 512 or 4096; one is written whole or not at all
/// @param physicalBlockBytes unit that is written without reading first, and so the alignment to prefer; a power of two,
///     no smaller than the logical block
/// @param readOnly whether requests that change anything complete with [IoStatus#READ_ONLY]
/// @param durable whether a completed flush survives a power cut of the host
/// @param discard whether [Request.Discard] gives space back
/// @param writeZeroes whether [Request.WriteZeroes] is cheaper than writing zeros
/// @param queueDepth requests that can be under way at once, at least 1
public record Geometry(
        long sizeBytes,
        int logicalBlockBytes,
        int physicalBlockBytes,
        boolean readOnly,
        boolean durable,
        boolean discard,
        boolean writeZeroes,
        int queueDepth) {

    public Geometry {
        if (logicalBlockBytes != 512 && logicalBlockBytes != 4096) {
            throw new IllegalArgumentException("a logical block is 512 or 4096 bytes, not " + logicalBlockBytes);
        }
        if (physicalBlockBytes < logicalBlockBytes || Integer.bitCount(physicalBlockBytes) != 1) {
            throw new IllegalArgumentException("not a physical block: " + physicalBlockBytes);
        }
        if (sizeBytes <= 0 || sizeBytes % logicalBlockBytes != 0) {
            throw new IllegalArgumentException(sizeBytes + " bytes are no disk of " + logicalBlockBytes + "-byte blocks");
        }
        if (queueDepth < 1) {
            throw new IllegalArgumentException("a queue holds at least one request, not " + queueDepth);
        }
    }

    /// What every device checks before it looks at a request.
    ///
    /// @return [IoStatus#OK] when the request may go ahead, else the status with which it ends
    public IoStatus admits(Request request) {
        return switch (request) {
            case Request.Read read -> range(read.offset(), read.into().byteSize());
            case Request.Write write -> change(write.offset(), write.from().byteSize());
            case Request.Discard discard -> change(discard.offset(), discard.length());
            case Request.WriteZeroes zeroes -> change(zeroes.offset(), zeroes.length());
            case Request.Extents extents ->
                extents.length() == 0 ? IoStatus.OUT_OF_RANGE : range(extents.offset(), extents.length());
            case Request.Flush _ -> IoStatus.OK;
        };
    }

    private IoStatus change(long offset, long length) {
        return readOnly ? IoStatus.READ_ONLY : range(offset, length);
    }

    private IoStatus range(long offset, long length) {
        boolean inside = offset >= 0 && length >= 0 && offset <= sizeBytes - length;
        boolean aligned = ((offset | length) & (logicalBlockBytes - 1)) == 0;
        return inside && aligned ? IoStatus.OK : IoStatus.OUT_OF_RANGE;
    }
}
