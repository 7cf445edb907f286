package holdfast.block;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32C;

/// The lowest layer: a file or block device that has the data.
///
/// @param name where it is, seen from the descriptor; empty for the image beside it
/// @param marked whether it bears the disk's id, so that it is not taken for the disk without its descriptor
/// @param fingerprint what it was when the disk was last closed in order; empty while somebody may be writing
public record StorageLayer(String name, boolean marked, String fingerprint) implements Layer {
    private static final int BEGINNING_BYTES = 64 << 10;
    private static final int IDENTITY_LENGTH_MAX = 200;

    /// Whether it was there before the disk, and stays when the disk is gone.
    public boolean mapped() {
        return !name.isEmpty();
    }

    StorageLayer fingerprint(String now) {
        return new StorageLayer(name, marked, now);
    }

    StorageLayer unmarked() {
        return new StorageLayer(name, false, fingerprint);
    }

    /// Names what is in a storage: [BlockDevice#identity], and for one that has none its size and how it begins.
    public static String fingerprintOf(BlockDevice storage) throws DiskException {
        Optional<String> own = storage.identity();
        if (own.isPresent()) {
            return shortened(own.get());
        }
        int length = (int) Math.min(BEGINNING_BYTES, storage.geometry().sizeBytes());
        var digest = new CRC32C();
        digest.update(new Blocking(storage).read(0, length));
        return "device size=" + storage.geometry().sizeBytes() + " start=" + HexFormat.of().toHexDigits((int) digest.getValue());
    }

    /// An identity that stands for one of any length; a short one is its own.
    public static String shortened(String identity) {
        if (identity.length() <= IDENTITY_LENGTH_MAX) {
            return identity;
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(identity.getBytes(StandardCharsets.UTF_8));
            return "sha256 " + HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }
}
