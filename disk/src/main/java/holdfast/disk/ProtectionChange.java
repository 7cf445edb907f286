package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.JournalLayer;
import holdfast.block.OperatorError;
import holdfast.journal.Journal;
import holdfast.journal.JournaledDevice;
import holdfast.journal.JournaledDisk;
import holdfast.journal.Keeping;
import holdfast.journal.SegmentDirectory;
import holdfast.journal.Timeline;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Changes how much of its past a disk that is protected already keeps, whoever uses it meanwhile, or where its journal is, while nobody does. The
/// descriptor says the one or the other: a power cut leaves what was, or what is to be.
///
/// When the base is to take on what is oldest, and was not until now, the volume gets for itself first what the journal ever changed: a disk
/// whose base never changes may leave to it what reads the same.
public final class ProtectionChange {
    /// What is to be otherwise; the rest stays.
    ///
    /// @param bytesMax what the journal may take
    /// @param window what is older may be let go, whole seconds; zero when nothing is for its age
    /// @param directory where the journal's files are now
    public record Wanted(Optional<Long> bytesMax, Optional<Duration> window, Optional<JournalLayer.WhenFull> whenFull, Optional<Path> directory) {
        private JournalLayer of(JournalLayer layer) {
            return layer.keeping(bytesMax.orElse(layer.bytesMax()), window.orElse(layer.window()), whenFull.orElse(layer.whenFull()));
        }

        /// @throws OperatorError when the journal has ended, or would have too little room
        private void check(String name, JournalLayer layer) {
            ProtectedDisk.refuseEnded(name, layer);
            JournalLayer next = of(layer);
            if (next.whenFull() == JournalLayer.WhenFull.THROTTLE && next.bytesMax() == Long.MAX_VALUE) {
                throw new OperatorError(name, "has a journal that may take all there is, so it is never full", "say what it may take: --max-size");
            }
            Protection.checkRoom(next.whenFull(), next.bytesMax(), layer.directory());
        }
    }

    private ProtectionChange() {}

    /// @throws OperatorError when that cannot be, whoever has the disk open
    public static void check(Path named, Wanted wanted) {
        wanted.check(named.toString(), ProtectedDisk.describe(named).layer());
    }

    /// Of a disk that nobody has open.
    ///
    /// @return what the descriptor says now
    /// @throws OperatorError when the disk is not protected, in use, its journal has ended or is not there, or it would have too little room
    public static JournalLayer run(Path named, Wanted wanted) {
        Path disk = ProtectedDisk.checked(named);
        check(named, wanted);
        try {
            if (wanted.directory.isPresent()) {
                move(disk, wanted.directory.get().toAbsolutePath().normalize());
            }
            try (JournaledDisk device = open(disk)) { // which puts right what was not closed
                return keep(named.toString(), device, wanted, false);
            }
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }

    /// Of a disk that this process has open, and others use meanwhile.
    ///
    /// @param name of the disk, for messages
    /// @return what the descriptor says now
    /// @throws OperatorError when its journal has ended, it would have too little room, its base cannot be written although it is to take on what is
    ///     oldest, or its journal is to be elsewhere
    public static JournalLayer ofOpen(String name, JournaledDisk device, Wanted wanted) {
        if (wanted.directory.isPresent()) {
            throw new OperatorError(
                    name, "is open in process " + ProcessHandle.current().pid() + ", which goes on writing its journal where that is",
                    "end that first, and move the files");
        }
        try {
            return keep(name, device, wanted, true);
        } catch (DiskException e) {
            if (e.status() == IoStatus.NO_SPACE) {
                throw new OperatorError(name, "has a journal that is too full to note what is to be done first", "give it more room first: --max-size");
            }
            throw DiskStack.unreadable(Path.of(name), e);
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

    private static JournaledDisk open(Path disk) throws DiskException {
        var seal = new DescriptorSeal(DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_WRITE));
        try {
            return ProtectedDisk.forWriting(disk, seal, false);
        } catch (DiskException | RuntimeException e) {
            seal.close();
            throw e;
        }
    }

    /// @param rolling whether what is older than the window is let go while the device is open
    private static JournalLayer keep(String name, JournaledDisk device, Wanted wanted, boolean rolling) throws DiskException {
        DescriptorFile file = ((DescriptorSeal) device.seal()).file();
        JournalLayer now = file.descriptor().journal().orElseThrow();
        wanted.check(name, now);
        JournalLayer next = wanted.of(now);
        if (!next.equals(now)) {
            Keeping keeping = ProtectedDisk.keeping(device.volume(), next, rolling);
            if (next.rolls() && keeping.base().isEmpty()) {
                throw new OperatorError(
                        name, "has a base, " + next.base() + ", that cannot be written, and is to take on what is oldest",
                        "let it be written, end what has the disk open, and do it again");
            }
            device.keep(keeping, ProtectedDisk.limits(next), () -> file.journalChanged(wanted::of));
        }
        return file.descriptor().journal().orElseThrow();
    }
}
