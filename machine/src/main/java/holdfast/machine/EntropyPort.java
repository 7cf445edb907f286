package holdfast.machine;

import java.util.random.RandomGeneratorFactory;

/// Where a guest's randomness comes from: the host's, or a seed's.
@FunctionalInterface
public interface EntropyPort {
    void fill(byte[] bytes);

    /// Pseudo-random bytes that depend on the seed alone.
    static EntropyPort seeded(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed)::nextBytes;
    }
}
