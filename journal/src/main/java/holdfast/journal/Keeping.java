package holdfast.journal;

import holdfast.block.JournalLayer;
import java.time.Duration;
import java.util.Optional;

/// How much of the past a journal keeps.
///
/// @param base can take on what is let go; empty when that cannot be, and all is kept
/// @param window what is older may be let go; empty when nothing is for its age
/// @param byItself whether that goes on while the disk is open; else nothing is let go
/// @param whenFull what is done about a journal that may not grow
public record Keeping(Optional<RollingBase> base, Optional<Duration> window, boolean byItself, JournalLayer.WhenFull whenFull) {
    /// A window is so much longer at most than asked for, where the disk is written to all the time.
    static final int PARTS_OF_WINDOW = 8;

    /// Everything.
    public static final Keeping ALL = new Keeping(Optional.empty(), Optional.empty(), false, JournalLayer.WhenFull.STOP);

    /// How much later than its first entry a segment takes others.
    public static long segmentNanosMax(Duration window) {
        return window.dividedBy(PARTS_OF_WINDOW).toNanos();
    }

    /// Whether the base takes on what is oldest, so that it changes.
    boolean rolls() {
        return base.isPresent() && (window.isPresent() || whenFull == JournalLayer.WhenFull.THROTTLE);
    }

    /// Whether changes wait for room in the journal.
    boolean throttles() {
        return whenFull == JournalLayer.WhenFull.THROTTLE && byItself && base.isPresent();
    }

    boolean endsWhenFull() {
        return whenFull == JournalLayer.WhenFull.UNPROTECT;
    }
}
