package holdfast.host;

import java.util.Random;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Names of machines: what can also be the name of a computer (RFC 1123, section 2.1), so that one is found by it in its network.
final class VmName {
    private static final Pattern VALID = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final String[] FIRST = {
        "amber", "bold", "brisk", "calm", "clear", "crisp", "deep", "early", "fair", "firm", "fresh", "grand", "keen", "lucid", "mild",
        "neat", "prime", "quick", "quiet", "rapid", "sharp", "solid", "steady", "still", "stout", "sunny", "swift", "tidy", "warm", "wise"
    };
    private static final String[] SECOND = {
        "anchor", "beacon", "birch", "bridge", "brook", "cedar", "cliff", "cove", "delta", "dune", "field", "fjord", "forge", "glade",
        "grove", "harbor", "haven", "heron", "island", "keel", "lake", "maple", "meadow", "oak", "otter", "pier", "reef", "ridge", "shore",
        "tower"
    };

    private VmName() {}

    /// @throws HostProblem when it is none
    static String check(@Nullable String name) {
        if (name == null || !VALID.matcher(name).matches()) {
            throw new HostProblem(
                    HostProblem.Kind.INVALID, "name '" + name + "'", "is none that a machine can have",
                    "take small letters, digits and hyphens, 63 at most");
        }
        return name;
    }

    /// One that is free.
    static String propose(Random random, Predicate<String> taken) {
        String name = FIRST[random.nextInt(FIRST.length)] + "-" + SECOND[random.nextInt(SECOND.length)];
        String free = name;
        for (int i = 2; taken.test(free); i++) {
            free = name + "-" + i;
        }
        return free;
    }
}
