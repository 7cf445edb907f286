package holdfast.machine;

/// A directory of the host's that a guest can mount.
///
/// @param tag by which the guest names it; 1 to [#TAG_BYTES_MAX] letters, digits, `-`, `_` and `.`
/// @param port stays the caller's
public record ShareSpec(String tag, SharePort port) {
    public static final int TAG_BYTES_MAX = 31;

    public ShareSpec {
        if (!tag.matches("[A-Za-z0-9._-]{1," + TAG_BYTES_MAX + "}")) {
            throw new IllegalArgumentException("not the tag of a share: " + tag);
        }
    }
}
