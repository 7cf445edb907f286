package holdfast.testkit;

import java.util.Locale;

/// A test that looks at so many cases that only their number says how much it is worth: it goes on, seed after seed, until there
/// were as many as it promises, and says how many it has looked at.
public final class Campaign {
    private static final System.Logger LOG = System.getLogger(Campaign.class.getName());
    private static final long FIRST_SEED = 1000;

    private Campaign() {}

    /// What is done with one seed.
    public interface Round {
        /// @return how many cases it has looked at
        long run(long seed) throws Exception;
    }

    /// How far it has come.
    record Tally(long cases, long seeds) {}

    /// @param what the cases are, for the log: "power cuts of a lazy disk"
    /// @param goal how many there have to be, at least
    public static void run(String what, long goal, Round round) throws Exception {
        long start = System.nanoTime();
        Tally tally = tally(what, goal, round);
        long seconds = (System.nanoTime() - start) / 1_000_000_000;
        LOG.log(System.Logger.Level.INFO, String.format(
                Locale.ROOT, "campaign: %,d %s (%d seeds from %d on, %d s)", tally.cases, what, tally.seeds, FIRST_SEED, seconds));
    }

    static Tally tally(String what, long goal, Round round) throws Exception {
        long cases = 0;
        long seed = FIRST_SEED;
        while (cases < goal) {
            long more = round.run(seed);
            if (more <= 0) {
                throw new AssertionError("no " + what + " with seed " + seed);
            }
            cases += more;
            seed++;
        }
        return new Tally(cases, seed - FIRST_SEED);
    }
}
