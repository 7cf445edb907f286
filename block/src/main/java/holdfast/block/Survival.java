package holdfast.block;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Which of the changes that were not flushed are on the disk after a power cut. Any choice is legal: a disk writes its
/// cache in whatever order it likes, and a block of [Geometry#logicalBlockBytes] is all that it writes in one go.
@FunctionalInterface
public interface Survival {
    /// @param change the how-manieth of the changes that were not flushed, in the order of submission
    /// @param block number of the logical block on the disk
    boolean survives(int change, long block);

    static Survival nothing() {
        return (_, _) -> false;
    }

    static Survival everything() {
        return (_, _) -> true;
    }

    /// Whole changes, change n when bit n is set.
    static Survival subset(long bits) {
        return (change, _) -> change < Long.SIZE && (bits >>> change & 1) != 0;
    }

    /// Each change wholly, torn or not at all, each as likely as another.
    static Survival random(RandomGenerator random) {
        long seed = random.nextLong();
        return (change, block) -> switch ((int) Long.remainderUnsigned(mix(seed + change), 3)) {
            case 0 -> false;
            case 1 -> true;
            default -> (mix(seed + change * 31L + block * 0x9e37_79b9L) & 1) == 0;
        };
    }

    /// Choices that are worth looking at: all sets of whole changes when there are few, else the extremes; and random ones.
    ///
    /// @param unflushed how many changes were not flushed
    /// @param most about how many choices
    static List<Survival> choices(int unflushed, int most, RandomGenerator random) {
        var choices = new ArrayList<Survival>();
        if (unflushed < Integer.numberOfTrailingZeros(most)) {
            for (long bits = 0; bits < 1L << unflushed; bits++) {
                choices.add(subset(bits));
            }
        } else {
            choices.add(nothing());
            choices.add(everything());
            choices.add(subset(1L << unflushed - 1));
            choices.add(subset(~(1L << unflushed - 1)));
        }
        while (choices.size() < most && unflushed > 0) {
            choices.add(random(random));
        }
        return choices;
    }

    /// The finalizer of SplitMix64.
    private static long mix(long z) {
        long y = (z ^ z >>> 30) * 0xbf58_476d_1ce4_e5b9L;
        long x = (y ^ y >>> 27) * 0x94d0_49bb_1331_11ebL;
        return x ^ x >>> 31;
    }
}
