package holdfast.vhdx;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// The first thing in a file ([MS-VHDX] 2.2.1), in 64 KiB of which the rest is reserved.
///
/// ```
/// 0   8  "vhdxfile"
/// 8 512  who made it, UTF-16, for people only
/// ```
///
/// @param creator at most 255 characters
record FileIdentifier(String creator) {
    static final int BYTES = 1024;

    private static final long SIGNATURE = 0x656c_6966_7864_6876L;
    private static final int CREATOR_OFFSET = 8;
    private static final int CREATOR_BYTES = 512;

    /// @param bytes [#BYTES] of them, or fewer, and then it is none
    static Optional<FileIdentifier> parse(byte[] bytes) {
        if (bytes.length < BYTES || Checksum.bytes(bytes).getLong() != SIGNATURE) {
            return Optional.empty();
        }
        String creator = new String(bytes, CREATOR_OFFSET, CREATOR_BYTES, StandardCharsets.UTF_16LE);
        int end = creator.indexOf('\0');
        return Optional.of(new FileIdentifier(ParentLocator.printable(end < 0 ? creator : creator.substring(0, end))));
    }

    byte[] encode() {
        var bytes = new byte[BYTES];
        Checksum.bytes(bytes).putLong(SIGNATURE).put(creator.getBytes(StandardCharsets.UTF_16LE));
        return bytes;
    }
}
