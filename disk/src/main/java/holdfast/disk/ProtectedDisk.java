package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskDescriptor;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.JournalLayer;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.journal.Journal;
import holdfast.journal.JournalCompression;
import holdfast.journal.JournalWriter;
import holdfast.journal.JournalFirstDevice;
import holdfast.journal.JournaledDevice;
import holdfast.journal.JournaledDisk;
import holdfast.journal.Keeping;
import holdfast.journal.PastDevice;
import holdfast.journal.Rollback;
import holdfast.journal.RollingBase;
import holdfast.journal.SegmentDirectory;
import holdfast.journal.Target;
import holdfast.journal.Timeline;
import holdfast.journal.WriteLogExport;
import holdfast.journal.WriteLogImport;
import holdfast.vhdx.OpenParent;
import holdfast.vhdx.VhdxDisk;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A VHDX disk with a journal: a differencing disk over what it was when that began, its base, with a descriptor beside it that names
/// both. Who opens it by its name has the journal written, without knowing.
public final class ProtectedDisk {
    /// Put before a disk is recovered in place.
    public static final String MARK_BEFORE_RECOVERY = "before-recovery";

    public static final int MARK_NAME_LENGTH_MAX = 255;

    private static final Duration BASE_PATIENCE = Duration.ofSeconds(30);
    private static final long PAUSE_NANOS = 10_000_000;

    private ProtectedDisk() {}

    /// Whether a mark may have this name: characters that can be printed.
    public static boolean isMarkName(String name) {
        return !name.isBlank() && name.length() <= MARK_NAME_LENGTH_MAX && name.chars().noneMatch(Character::isISOControl);
    }

    /// A disk as it was, and which point that is.
    ///
    /// @param disk read-only; the caller closes it
    public record Past(BlockDevice disk, Timeline.Point point) {}

    /// What is known of a protected disk.
    ///
    /// @param journal directory of the journal
    /// @param base file that the disk lies over
    /// @param inOrder whether its last writer closed it
    /// @param layer what the descriptor says of the journal
    public record Description(Path journal, Path base, boolean inOrder, JournalLayer layer) {}

    /// Whether a VHDX file is one.
    ///
    /// @throws OperatorError when it has a descriptor that is damaged, or not known here
    public static boolean isOne(Path disk) {
        return descriptorOf(DiskStack.real(disk)).flatMap(DiskDescriptor::journal).isPresent();
    }

    private static Optional<DiskDescriptor> descriptorOf(Path disk) {
        Path beside = DiskStack.descriptorOf(disk);
        if (!Files.isRegularFile(beside)) {
            return Optional.empty();
        }
        try {
            return Optional.of(DescriptorFile.peek(beside).orElseThrow(() -> new OperatorError(
                    beside.toString(), "is no disk descriptor, or is damaged",
                    "restore it from a copy; or, if " + disk.getFileName() + " is to go on without its journal, remove it")));
        } catch (DiskException e) {
            throw DiskStack.unreadable(beside, e);
        }
    }

    /// @param cannot what a protected disk cannot, such as `be compacted`
    /// @throws OperatorError when this is one
    public static void refuse(Path disk, String cannot) {
        if (isOne(disk)) {
            throw new OperatorError(
                    disk.toString(), "is protected by a journal, and cannot " + cannot + " meanwhile",
                    "end that first: holdfast disk unprotect " + disk.getFileName());
        }
    }

    /// Opens and locks descriptor, volume and journal. One that was not closed is put right when it is opened for writing; for reading
    /// it is what it will be then.
    ///
    /// @throws OperatorError when one is missing, in use, damaged, or they do not belong together; nothing has changed then
    static BlockDevice open(Path named, Access access, @Nullable Path parentPath) {
        return open(named, access, parentPath, true);
    }

    /// @param rolling whether what is older than the window is let go meanwhile
    static BlockDevice open(Path named, Access access, @Nullable Path parentPath, boolean rolling) {
        if (parentPath != null) {
            throw new OperatorError(named.toString(), "is protected by a journal, which says where its parent is", "leave out --parent-path");
        }
        Path disk = DiskStack.real(named);
        try {
            var seal = new DescriptorSeal(DescriptorFile.open(DiskStack.descriptorOf(disk), access));
            try {
                if (seal.layer().ended()) {
                    seal.close();
                    return VhdxDisk.open(disk, access, null);
                }
                return access == Access.READ_WRITE ? forWriting(disk, seal, rolling) : forReading(disk, seal);
            } catch (DiskException | RuntimeException e) {
                seal.close();
                throw e;
            }
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }

    /// @param rolling whether what is older than the window is let go meanwhile
    static JournaledDisk forWriting(Path disk, DescriptorSeal seal, boolean rolling) throws DiskException {
        JournalLayer layer = seal.layer();
        VhdxDisk volume = volume(disk, layer);
        try {
            checkVolume(disk, volume, seal);
            var random = new SecureRandom();
            var parts = new JournaledDevice.Parts(
                    volume, () -> base(disk, layer), segments(layer), seal, limits(layer), 0, InstantSource.system(), random::nextInt,
                    keeping(volume, layer, rolling));
            return switch (layer.mode()) {
                case WRITE_THROUGH -> JournaledDevice.open(parts);
                case JOURNAL_FIRST -> JournalFirstDevice.open(parts);
            };
        } catch (DiskException | RuntimeException e) {
            volume.close();
            throw e;
        }
    }

    /// Such that its base can be written to, now or when that is asked for; one that only has to be read need not be such.
    private static VhdxDisk volume(Path disk, JournalLayer layer) {
        try {
            return VhdxDisk.openWithParent(disk);
        } catch (OperatorError e) {
            if (layer.rolls()) {
                throw e;
            }
            return VhdxDisk.open(disk, Access.READ_WRITE, null);
        }
    }

    private static Optional<Duration> window(JournalLayer layer) {
        return layer.window().isZero() ? Optional.empty() : Optional.of(layer.window());
    }

    static JournalWriter.Limits limits(JournalLayer layer) {
        return layer.rolls()
                ? JournalWriter.Limits.rolling(layer.bytesMax(), window(layer).map(Keeping::segmentNanosMax).orElse(Long.MAX_VALUE))
                : JournalWriter.Limits.of(layer.bytesMax());
    }

    /// @param volume as it was opened by [#forWriting]
    /// @param rolling whether what is older than the window is let go meanwhile
    static Keeping keeping(BlockDevice volume, JournalLayer layer, boolean rolling) {
        Optional<RollingBase> base = volume instanceof VhdxDisk file ? file.parent().map(OverParent::new) : Optional.empty();
        return new Keeping(base, window(layer), rolling, layer.whenFull());
    }

    /// The parent of a volume as what takes on the oldest of its journal.
    private record OverParent(OpenParent parent) implements RollingBase {
        @Override
        public String identity() {
            return parent.identity();
        }

        @Override
        public String nextIdentity() {
            return parent.nextIdentity();
        }

        @Override
        public boolean begin() {
            return parent.begin();
        }

        @Override
        public void become() throws DiskException {
            parent.become();
        }

        @Override
        public void write(long offset, MemorySegment from) throws DiskException {
            parent.write(offset, from);
        }

        @Override
        public void writeZeroes(long offset, long length) throws DiskException {
            parent.writeZeroes(offset, length);
        }

        @Override
        public void flush() throws DiskException {
            parent.flush();
        }

        @Override
        public void end() throws DiskException {
            parent.end();
        }
    }

    private static BlockDevice forReading(Path disk, DescriptorSeal seal) throws DiskException {
        if (!seal.isWhole()) {
            return past(disk, seal, Long.MAX_VALUE);
        }
        VhdxDisk volume = VhdxDisk.open(disk, null);
        try {
            checkVolume(disk, volume, seal);
        } catch (DiskException | RuntimeException e) {
            volume.close();
            throw e;
        }
        seal.close(); // the locks of its own files keep writers away
        return volume;
    }

    /// @throws OperatorError when the volume was changed by somebody who did not write the journal
    private static void checkVolume(Path disk, BlockDevice volume, DescriptorSeal seal) throws DiskException {
        seal.file().checkStorage(volume, disk.toString());
    }

    static SegmentDirectory segments(JournalLayer layer) {
        return new SegmentDirectory(Path.of(layer.directory()), layer.journal());
    }

    /// Waits while the base takes something on: it is never long at a time.
    private static BlockDevice base(Path disk, JournalLayer layer) {
        Path base = disk.resolveSibling(layer.base());
        Instant limit = InstantSource.system().instant().plus(BASE_PATIENCE);
        for (boolean again = layer.rolls(); ; ) {
            try {
                return VhdxDisk.open(base, null);
            } catch (OperatorError e) {
                boolean busy = layer.rolls() && RawFile.isBeingWritten(base) && InstantSource.system().instant().isBefore(limit);
                if (!busy && !again) {
                    throw e;
                }
                again = busy; // if it is not now, it may have been a moment ago
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private static BlockDevice past(Path disk, DescriptorSeal seal, long sequence) throws DiskException {
        return PastDevice.open(() -> base(disk, seal.layer()), segments(seal.layer()), sequence, seal::close);
    }

    /// Opens a disk as it was. Whoever uses the disk goes on meanwhile: neither keeps the other out.
    ///
    /// @throws OperatorError when it is not protected, its journal is damaged, or there is no such point
    public static Past past(Path named, Target target) {
        Path disk = checked(named);
        JournalLayer layer = layer(disk);
        try {
            SegmentDirectory segments = segments(layer);
            PastDevice.Chosen chosen = PastDevice.open(() -> base(disk, layer), segments, timeline -> {
                checkGoesOn(timeline, layer, segments.name());
                return timeline.find(target, named.toString());
            });
            return new Past(chosen.disk(), chosen.point());
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }

    static Path checked(Path named) {
        if (!isOne(named)) {
            throw new OperatorError(named.toString(), "is not protected, so nothing is known of its past", "begin with: holdfast disk protect");
        }
        return DiskStack.real(named);
    }

    private static JournalLayer layer(Path disk) {
        return descriptorOf(disk).flatMap(DiskDescriptor::journal).orElseThrow();
    }

    /// Others may be writing to it. What the descriptor said before is in it.
    private static Timeline timelineNow(JournalLayer layer, Look look) throws DiskException {
        try (Journal journal = Journal.peek(segments(layer))) {
            Timeline timeline = look.at(journal);
            checkGoesOn(timeline, layer, journal.name());
            return timeline;
        }
    }

    private static void checkGoesOn(Timeline timeline, JournalLayer layer, String journal) {
        if (timeline.end().sequence() < layer.sequence()) {
            throw new OperatorError(
                    journal,
                    "is not the journal that the disk was closed with: it ends at entry " + timeline.end().sequence() + ", and went to "
                            + layer.sequence(),
                    "bring back disk and journal of the same time");
        }
    }

    /// What the descriptor of a disk says, whoever has it open.
    ///
    /// @throws OperatorError when it is not protected
    public static Description describe(Path named) {
        Path disk = checked(named);
        JournalLayer layer = layer(disk);
        boolean inOrder = descriptorOf(disk).orElseThrow().closed();
        return new Description(Path.of(layer.directory()), disk.resolveSibling(layer.base()), inOrder, layer);
    }

    /// What the journal of a disk has, whoever has it open.
    ///
    /// @throws OperatorError when it is not protected, or its journal is damaged
    public static Timeline timeline(Path named) {
        return timeline(named, Timeline::of);
    }

    /// The same, and all of the journal is read and checked.
    ///
    /// @throws OperatorError when it is not protected, or its journal is damaged
    public static Timeline checkedTimeline(Path named) {
        return timeline(named, Timeline::checked);
    }

    private interface Look {
        Timeline at(Journal journal) throws DiskException;
    }

    private static Timeline timeline(Path named, Look look) {
        Path disk = checked(named);
        try {
            return timelineNow(layer(disk), look);
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }

    /// Names what the disk is now; nobody has it open.
    ///
    /// @return the mark's sequence
    /// @throws OperatorError when it is not protected, in use, or its journal takes no more
    public static long mark(Path named, String name) {
        refuseEnded(named);
        try (BlockDevice disk = open(checked(named), Access.READ_WRITE, null)) {
            return ((JournaledDisk) disk).mark(name);
        }
    }

    /// Writes the journal of a disk, whoever has it open, as a log of Linux's dm-log-writes.
    ///
    /// @param log a file that is not there yet
    /// @return how many entries it has
    /// @throws OperatorError when the disk is not protected, its journal is damaged, or the file cannot be made
    public static long exportLog(Path named, Path log) {
        JournalLayer layer = layer(checked(named));
        try (var out = FileChannel.open(log, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            try (Journal journal = Journal.peek(segments(layer))) {
                return WriteLogExport.run(journal, out);
            } catch (IOException | RuntimeException e) {
                Files.delete(log);
                throw e;
            }
        } catch (FileAlreadyExistsException e) {
            throw new OperatorError(log.toString(), "is there already", "name another file, or remove it");
        } catch (DiskException e) {
            throw DiskStack.unreadable(Path.of(layer.directory()), e);
        } catch (IOException e) {
            throw new OperatorError(log.toString(), "cannot be written (" + e.getMessage() + ")", "choose another place");
        }
    }

    /// Does to a disk what such a log says; nobody has it open.
    ///
    /// @return how many entries it had
    /// @throws OperatorError when the disk is not protected, in use, its journal takes no more, or the log is none of such a disk
    public static long importLog(Path named, Path log) {
        refuseEnded(named);
        try (BlockDevice disk = open(checked(named), Access.READ_WRITE, null);
                var in = FileChannel.open(log, StandardOpenOption.READ)) {
            return WriteLogImport.run(in, log.toString(), (JournaledDisk) disk);
        } catch (DiskException e) {
            throw DiskStack.unreadable(named, e);
        } catch (IOException e) {
            throw new OperatorError(log.toString(), "cannot be read (" + e.getMessage() + ")", "look after the storage it is on");
        }
    }

    /// Compresses the journal of a disk; nobody has it open.
    ///
    /// @throws OperatorError when the disk is not protected, in use, or its journal is damaged
    public static JournalCompression.Result compressJournal(Path named) {
        Path disk = checked(named);
        try (DescriptorFile file = DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_WRITE)) { // which keeps others out
            return JournalCompression.run(segments(new DescriptorSeal(file).layer()));
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }

    static void refuseEnded(Path named) {
        refuseEnded(named.toString(), layer(checked(named)));
    }

    static void refuseEnded(String name, JournalLayer layer) {
        if (layer.ended()) {
            throw new OperatorError(
                    name, "is not protected any more: its journal was full, and has ended",
                    "recover what it was to a new disk; to begin anew: holdfast disk unprotect, then disk protect");
        }
    }

    /// What a disk was made again, in place.
    public record Recovered(Timeline.Point point, Rollback.Result rollback) {}

    /// Makes a disk what it was at a point, by changes that are journaled in turn. When it is interrupted it can be done again.
    ///
    /// @throws OperatorError when the disk is not protected, in use, there is no such point, or its journal takes no more
    public static Recovered recoverInPlace(Path named, Target target) {
        Path disk = checked(named);
        refuseEnded(named);
        try {
            var seal = new DescriptorSeal(DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_WRITE));
            JournaledDisk device;
            try {
                device = forWriting(disk, seal, false);
            } catch (DiskException | RuntimeException e) {
                seal.close();
                throw e;
            }
            try (device) {
                JournalLayer layer = seal.layer();
                Timeline.Point point = timelineNow(layer, Timeline::of).find(target, named.toString());
                return new Recovered(
                        point, Rollback.run(device, () -> base(disk, layer), segments(layer), point.sequence(), MARK_BEFORE_RECOVERY));
            }
        } catch (DiskException e) {
            throw new OperatorError(
                    named.toString(), "was not wholly made what it was (" + e.status() + ")",
                    e.status() == IoStatus.NO_SPACE ? "make room for its journal, and do it again" : "look after the storage it is on, and do it again");
        }
    }
}
