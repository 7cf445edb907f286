package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.JournalLayer;
import holdfast.block.OperatorError;
import holdfast.journal.Journal;
import holdfast.journal.JournaledDevice;
import holdfast.journal.JournaledDisk;
import holdfast.journal.SegmentDirectory;
import holdfast.journal.Timeline;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Changes how much of its past a disk that is protected already keeps, or where its journal is. The descriptor says the one or the other: a
/// power cut leaves what was, or what is to be.
///
/// When the base is to take on what is oldest, and was not until now, the volume gets for itself first what the journal ever changed: a disk
/// whose base never changes may leave to it what reads the same.
public final class ProtectionChange {
    /// What is to be otherwise; the rest stays.
    ///
    /// @param bytesMax what the journal may take
    /// @param window what is older may be let go, whole seconds
    /// @param directory where the journal's files are now
    public record Wanted(Optional<Long> bytesMax, Optional<Duration> window, Optional<JournalLayer.WhenFull> whenFull, Optional<Path> directory) {
        private JournalLayer of(JournalLayer layer) {
            return layer.keeping(bytesMax.orElse(layer.bytesMax()), window.orElse(layer.window()), whenFull.orElse(layer.whenFull()));
        }
    }

    private ProtectionChange() {}

    /// @return what the descriptor says now
    /// @throws OperatorError when the disk is not protected, in use, its journal has ended or is not there, or it would have too little room
    public static JournalLayer run(Path named, Wanted wanted) {
        Path disk = ProtectedDisk.checked(named);
        ProtectedDisk.refuseEnded(named);
        JournalLayer layer = ProtectedDisk.describe(named).layer();
        JournalLayer next = wanted.of(layer);
        if (next.whenFull() == JournalLayer.WhenFull.THROTTLE && next.bytesMax() == Long.MAX_VALUE) {
            throw new OperatorError(named.toString(), "has a journal that may take all there is, so it is never full", "say what it may take: --max-size");
        }
        Protection.checkRoom(next.whenFull(), next.bytesMax(), layer.directory());
        try {
            if (wanted.directory.isPresent()) {
                move(disk, wanted.directory.get().toAbsolutePath().normalize());
            }
            return keep(disk, wanted);
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }

    /// @throws OperatorError when the disk's journal is not there
    private static void move(Path disk, Path directory) throws DiskException {
        try (DescriptorFile file = DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_WRITE)) {
            var seal = new DescriptorSeal(file);
            var segments = new SegmentDirectory(directory, seal.layer().journal());
            if (!Files.isDirectory(directory) || segments.numbers().isEmpty()) {
                throw new OperatorError(
                        directory.toString(), "does not have the journal of " + disk.getFileName() + ", which is protected already",
                        "move the files of " + seal.layer().directory() + " there first");
            }
            try (Journal journal = Journal.open(segments)) {
                JournaledDevice.checkEnd(seal, Timeline.of(journal).end(), journal);
            }
            file.journalChanged(layer -> layer.in(directory.toString()));
        }
    }

    private static JournalLayer keep(Path disk, Wanted wanted) throws DiskException {
        long known = putRight(disk, wanted);
        try (DescriptorFile file = DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_WRITE)) {
            JournalLayer now = new DescriptorSeal(file).layer();
            if (!file.descriptor().closed() || now.sequence() != known) {
                throw new OperatorError(disk.toString(), "was used meanwhile", "do it again");
            }
            JournalLayer next = wanted.of(now);
            if (!next.equals(now)) {
                file.journalChanged(_ -> next);
            }
            return next;
        }
    }

    /// @return with which entry the journal ends
    private static long putRight(Path disk, Wanted wanted) throws DiskException {
        var seal = new DescriptorSeal(DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_WRITE));
        JournalLayer layer = seal.layer();
        JournaledDisk device;
        try {
            device = ProtectedDisk.forWriting(disk, seal, false);
        } catch (DiskException | RuntimeException e) {
            seal.close();
            throw e;
        }
        try (device) {
            if (!layer.rolls() && wanted.of(layer).rolls() && device instanceof JournaledDevice through) {
                through.makeOwn(ProtectedDisk.segments(layer));
            }
        }
        return ProtectedDisk.describe(disk).layer().sequence();
    }
}
