package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.ByteSize;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskDescriptor;
import holdfast.block.DiskException;
import holdfast.block.Geometry;
import holdfast.block.JournalLayer;
import holdfast.block.OperatorError;
import holdfast.block.StorageLayer;
import holdfast.block.WholeFile;
import holdfast.journal.JournalWriter;
import holdfast.journal.SegmentDirectory;
import holdfast.journal.SegmentHeader;
import holdfast.vhdx.NewVhdx;
import holdfast.vhdx.VhdxDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.UUID;
import java.util.stream.Stream;

/// Begins and ends the protection of a disk by a journal. Beginning takes the same time whatever the size of the disk:
///
/// ```
/// the journal, empty → a second name for the file: the base → a child over it → the child takes the disk's name → the descriptor
/// ```
///
/// A power cut in the midst of this leaves the disk as it was, or the child without a journal, which reads the same.
public final class Protection {
    private static final int BASES_MAX = 1000;

    private Protection() {}

    /// @param directory of the journal: not there yet, or empty
    /// @param bytesMax what the journal may take
    /// @return the base: what the disk is now
    /// @throws OperatorError when the disk is no VHDX file, in use, protected already, or something cannot be made
    public static Path begin(Path named, Path directory, long bytesMax) {
        return begin(named, directory, new Terms(bytesMax, Duration.ZERO, JournalLayer.WhenFull.STOP, JournalLayer.Mode.WRITE_THROUGH));
    }

    /// How much of the past is kept, and how.
    ///
    /// @param bytesMax what the journal may take
    /// @param window what is older may be let go, whole seconds; zero when nothing is for its age
    /// @param mode what is written first
    public record Terms(long bytesMax, Duration window, JournalLayer.WhenFull whenFull, JournalLayer.Mode mode) {}

    /// @param directory of the journal: not there yet, or empty
    /// @return the base: what the disk is now
    /// @throws OperatorError when the disk is no VHDX file, in use, protected already, or something cannot be made
    public static Path begin(Path named, Path directory, Terms terms) {
        checkRoom(terms.whenFull, terms.bytesMax, directory.toString());
        Path disk = DiskStack.real(named);
        if (DiskFormat.of(disk) != DiskFormat.VHDX) {
            throw new OperatorError(named.toString(), "is no VHDX disk, and only those can be protected", "make one of it: holdfast disk convert");
        }
        ProtectedDisk.refuse(disk, "be protected again");
        Path beside = DiskStack.descriptorOf(disk);
        if (Files.exists(beside)) {
            throw new OperatorError(beside.toString(), "is there already, the descriptor of another " + disk.getFileName(), "remove it first");
        }
        Path journal = directory.toAbsolutePath().normalize();
        UUID id = UUID.randomUUID();
        try {
            return begin(disk, journal, id, terms);
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }

    /// @throws OperatorError when a journal that lets go what is oldest would have too little room
    static void checkRoom(JournalLayer.WhenFull whenFull, long bytesMax, String journal) {
        if (whenFull == JournalLayer.WhenFull.THROTTLE && bytesMax < JournalWriter.Limits.ROLLING_BYTES_MIN) {
            throw new OperatorError(
                    journal, "is too small for a journal from which what is oldest is let go",
                    "give it at least " + new ByteSize(JournalWriter.Limits.ROLLING_BYTES_MIN).rounded());
        }
    }

    private static Path begin(Path disk, Path journal, UUID id, Terms terms) throws DiskException {
        try (VhdxDisk now = VhdxDisk.open(disk, null)) { // nobody writes to it meanwhile
            beginJournal(now, journal, id);
            Path base = base(disk);
            Path child = disk.resolveSibling("." + disk.getFileName() + ".new-" + UUID.randomUUID());
            boolean linked = false;
            boolean moved = false;
            try {
                Files.createLink(base, disk);
                linked = true;
                NewVhdx.createOver(child, base);
                WholeFile.syncDirectory(base); // the child is nothing without it
                Files.move(child, disk, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                moved = true;
                WholeFile.syncDirectory(disk);
            } catch (IOException e) {
                throw new OperatorError(disk.toString(), "cannot get another name (" + e.getMessage() + ")", "check the permissions of its directory");
            } finally {
                remove(child);
                if (linked && !moved) {
                    remove(base);
                }
            }
            describe(
                    disk, now.geometry(),
                    new JournalLayer(
                            id, 0, terms.bytesMax, journal.toString(), String.valueOf(base.getFileName()), terms.window, terms.whenFull, false,
                            terms.mode));
            return base;
        }
    }

    private static void beginJournal(VhdxDisk now, Path journal, UUID id) throws DiskException {
        try {
            Files.createDirectories(journal);
            try (Stream<Path> files = Files.list(journal)) {
                if (files.findAny().isPresent()) {
                    throw new OperatorError(journal.toString(), "is not empty", "name a directory of its own for the journal");
                }
            }
        } catch (IOException e) {
            throw new OperatorError(journal.toString(), "cannot be made (" + e.getMessage() + ")", "choose another place");
        }
        String identity = now.identity().map(StorageLayer::shortened).orElse("");
        Geometry geometry = now.geometry();
        JournalWriter.begin(
                new SegmentDirectory(journal, id),
                new SegmentHeader(
                        id, 1, new SecureRandom().nextInt(), 0, geometry.logicalBlockBytes(), 1, geometry.sizeBytes(), identity));
        WholeFile.syncDirectory(journal);
    }

    /// A name that no file has: `disk.base1.vhdx` for `disk.vhdx`.
    private static Path base(Path disk) {
        String name = String.valueOf(disk.getFileName());
        int dot = name.lastIndexOf('.');
        for (int i = 1; i < BASES_MAX; i++) {
            Path base = disk.resolveSibling(name.substring(0, dot) + ".base" + i + name.substring(dot));
            if (!Files.exists(base)) {
                return base;
            }
        }
        throw new OperatorError(disk.toString(), "has " + BASES_MAX + " bases already", "merge them: holdfast disk merge");
    }

    private static void describe(Path disk, Geometry geometry, JournalLayer layer) throws DiskException {
        try (VhdxDisk volume = VhdxDisk.open(disk, null)) {
            var storage = new StorageLayer("", false, StorageLayer.fingerprintOf(volume));
            DescriptorFile.create(DiskStack.descriptorOf(disk), DiskDescriptor.first(UUID.randomUUID(), geometry, storage, layer));
        }
    }

    private static void remove(Path unused) {
        try {
            Files.deleteIfExists(unused);
        } catch (IOException e) {
            System.getLogger(Protection.class.getName()).log(System.Logger.Level.WARNING, unused + ": not removed", e);
        }
    }

    /// Ends it: the disk goes on as the differencing disk that it is. Journal and base stay.
    ///
    /// @return where the journal is, of which nothing is needed any more
    /// @throws OperatorError when the disk is not protected, in use, or cannot be put right
    public static Path end(Path named) {
        Path journal = ProtectedDisk.describe(named).journal();
        ProtectedDisk.open(named, Access.READ_WRITE, null, false).close(); // puts right what was not closed
        ProtectedDisk.Description now = ProtectedDisk.describe(named);
        if (!now.inOrder() && !now.layer().ended()) {
            throw new OperatorError(
                    named.toString(), "does not have all that its journal has, and goes on needing it", "look after the storage that both are on, and do it again");
        }
        DescriptorFile.remove(DiskStack.descriptorOf(DiskStack.real(named)));
        return journal;
    }
}
