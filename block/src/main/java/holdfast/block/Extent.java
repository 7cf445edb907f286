package holdfast.block;

/// A run of one allocation state.
///
/// @param offset first byte on the disk
/// @param length bytes, at least one
/// @param allocated whether it takes space in this device: in a layer over another, whether it hides what lies below
/// @param readsZero whether it is known, without reading, that every byte is zero
public record Extent(long offset, long length, boolean allocated, boolean readsZero) {
    public Extent {
        if (offset < 0 || length <= 0 || offset + length < 0) {
            throw new IllegalArgumentException("not a range: offset " + offset + ", length " + length);
        }
    }

    public long end() {
        return offset + length;
    }
}
