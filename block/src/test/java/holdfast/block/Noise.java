package holdfast.block;

import java.util.Random;

/// Bytes that tell where they come from: none is zero, so that what was never written is told from what was.
public final class Noise {
    private final Random random;

    private Noise(long seed) {
        random = new Random(seed);
    }

    public static Noise of(long seed) {
        return new Noise(seed);
    }

    public byte[] bytes(int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        for (int i = 0; i < length; i++) {
            bytes[i] = bytes[i] == 0 ? 1 : bytes[i];
        }
        return bytes;
    }
}
