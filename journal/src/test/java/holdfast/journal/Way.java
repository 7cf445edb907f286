package holdfast.journal;

import holdfast.block.DiskException;
import java.util.concurrent.TimeUnit;

/// How a disk is written to.
enum Way {
    WRITE_THROUGH,
    JOURNAL_FIRST;

    /// So that a few changes are applied together, in the midst of others.
    private static final NotApplied.Pace BRISK = new NotApplied.Pace(16 << 10, 2 << 10, TimeUnit.SECONDS.toNanos(1), true);

    JournaledDisk open(JournaledDevice.Parts parts) throws DiskException {
        return switch (this) {
            case WRITE_THROUGH -> JournaledDevice.open(parts);
            case JOURNAL_FIRST -> JournalFirstDevice.open(parts, BRISK);
        };
    }

    /// Lets the base take on what is due.
    static boolean roll(JournaledDisk disk) throws DiskException {
        return switch (disk) {
            case JournaledDevice through -> through.roll();
            case JournalFirstDevice first -> first.roll();
        };
    }

    static Upkeep upkeep(JournaledDisk disk) {
        return switch (disk) {
            case JournaledDevice through -> through.upkeep();
            case JournalFirstDevice first -> first.upkeep();
        };
    }
}
