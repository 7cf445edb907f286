package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.ProvisionedLayer;
import holdfast.block.Request;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Names what an image holds: [BlockDevice#identity], and for one that has none its size and a digest of samples: how it begins and
/// ends, and blocks spread evenly over it. A change elsewhere is not noticed by these.
final class ImageIdentity {
    private static final String SAMPLED = "image size=";
    private static final int END_BYTES = 64 << 10;
    private static final int SAMPLE_BYTES = 4096;
    private static final int SAMPLES = 48;

    private ImageIdentity() {}

    static String of(BlockDevice image) throws DiskException {
        Optional<String> told = image.identity();
        return told.isPresent() ? shortened(told.get()) : sampled(image);
    }

    /// The same for a disk that knows its image by such a name: one that was made when nobody could tell what the image holds knows it by
    /// samples, also now.
    static String of(BlockDevice image, String known) throws DiskException {
        return isSampled(known) ? sampled(image) : of(image);
    }

    /// Whether such a name is of samples alone.
    static boolean isSampled(String name) {
        return name.startsWith(SAMPLED);
    }

    private static String shortened(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= ProvisionedLayer.IDENTITY_BYTES_MAX ? name : "sha256 " + HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private static String sampled(BlockDevice image) throws DiskException {
        long size = image.geometry().sizeBytes();
        var samples = new ArrayList<Sample>();
        samples.add(read(image, 0, END_BYTES));
        for (int i = 1; i <= SAMPLES; i++) {
            samples.add(read(image, size / (SAMPLES + 1) * i / SAMPLE_BYTES * SAMPLE_BYTES, SAMPLE_BYTES));
        }
        samples.add(read(image, Math.max(0, size - END_BYTES), END_BYTES));
        MessageDigest digest = sha256();
        for (Sample sample : samples) {
            IoStatus status = sample.ended.join();
            if (status != IoStatus.OK) {
                throw new DiskException("a sample", status);
            }
            digest.update(sample.content.toArray(ValueLayout.JAVA_BYTE));
        }
        return SAMPLED + size + " samples=" + HexFormat.of().formatHex(digest.digest(), 0, 16);
    }

    private record Sample(MemorySegment content, CompletableFuture<IoStatus> ended) {}

    /// All are asked for before the first is waited for.
    private static Sample read(BlockDevice image, long offset, int length) {
        var ended = new CompletableFuture<IoStatus>();
        var content = Arena.ofAuto().allocate(Math.min(length, image.geometry().sizeBytes() - offset));
        image.submit(new Request.Read(offset, content, (_, status) -> ended.complete(status)));
        return new Sample(content, ended);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
