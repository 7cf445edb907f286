package holdfast.block;

import java.time.Duration;
import java.util.UUID;

/// A layer that writes each change of the volume below it to a journal too. Module `journal` has what it does; here is what the
/// descriptor says of it.
///
/// @param journal id of the journal
/// @param sequence of the journal's last entry when volume and journal were last known to agree
/// @param bytesMax what the journal may take
/// @param directory where its segments are, an absolute path
/// @param base name of the file beside the volume that the journal goes over: what the disk was before its first entry
/// @param window what is older the base may take on, whole seconds; zero when nothing is for its age
/// @param whenFull what is done about a journal that may not grow
/// @param ended whether the journal has ended: the disk goes on without it
/// @param mode what is written first
public record JournalLayer(
        UUID journal, long sequence, long bytesMax, String directory, String base, Duration window, WhenFull whenFull, boolean ended, Mode mode)
        implements Layer {

    /// What is written first.
    public enum Mode {
        /// Volume and journal at once.
        WRITE_THROUGH,
        /// The journal; the volume in the background.
        JOURNAL_FIRST
    }

    /// What is done about a journal that may not grow.
    public enum WhenFull {
        /// Changes fail.
        STOP,
        /// Changes wait until the base has taken on what is oldest.
        THROTTLE,
        /// The journal ends, and the disk goes on without it.
        UNPROTECT
    }

    /// One that keeps everything.
    public JournalLayer(UUID journal, long sequence, long bytesMax, String directory, String base) {
        this(journal, sequence, bytesMax, directory, base, Duration.ZERO, WhenFull.STOP, false, Mode.WRITE_THROUGH);
    }

    JournalLayer agreedAt(long now) {
        return new JournalLayer(journal, now, bytesMax, directory, base, window, whenFull, ended, mode);
    }

    JournalLayer endedNow() {
        return new JournalLayer(journal, sequence, bytesMax, directory, base, window, whenFull, true, mode);
    }

    /// The same, with another past kept.
    public JournalLayer keeping(long newBytesMax, Duration newWindow, WhenFull newWhenFull) {
        return new JournalLayer(journal, sequence, newBytesMax, directory, base, newWindow, newWhenFull, ended, mode);
    }

    /// The same in another directory.
    public JournalLayer in(String newDirectory) {
        return new JournalLayer(journal, sequence, bytesMax, newDirectory, base, window, whenFull, ended, mode);
    }

    /// Whether the base takes on what is oldest, so that it changes.
    public boolean rolls() {
        return !window.isZero() || whenFull == WhenFull.THROTTLE;
    }

    @Override
    public boolean isSound(long sizeBytes) {
        return sequence >= 0 && bytesMax > 0 && !directory.isEmpty() && !base.isEmpty() && !window.isNegative();
    }
}
