package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.LazilyInitialized;
import holdfast.disk.Disks;
import holdfast.disk.MarksDevice;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.JournaledDisk;
import holdfast.journal.Target;
import holdfast.nbd.Export;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The disks that `nbd serve` serves, open and locked.
final class ServedDisks implements AutoCloseable {
    private final List<BlockDevice> devices = new ArrayList<>();
    private final List<DiskControl> controls = new ArrayList<>();
    private final List<Export> exports = new ArrayList<>();

    /// Behind all others, since the first is the one that clients get who ask for none.
    private final List<Export> marksExports = new ArrayList<>();

    /// What is written to the export of this name behind a disk's is a mark of it.
    private static final String MARKS = "/marks";

    private ServedDisks() {}

    /// Opens all or none of them.
    ///
    /// @param rate how many bytes a second of lazy disks are initialised meanwhile; null for none, 0 for as many as can be
    /// @param fill how fast provisioned disks arrive meanwhile
    /// @param parentPath where the parents of those that have one are; null: where they say
    /// @throws holdfast.block.OperatorError when one cannot be opened
    static ServedDisks open(List<Path> files, Access access, @Nullable ByteSize rate, FillArgument fill, @Nullable Path parentPath) {
        return open(files, disks -> files.forEach(file -> disks.add(file, access, rate, fill, parentPath)));
    }

    /// Opens all or none of them as they were.
    ///
    /// @param out is told which point that is
    /// @throws holdfast.block.OperatorError when one cannot be opened
    static ServedDisks openPast(List<Path> files, Target at, PrintStream out) {
        return open(files, disks -> files.forEach(file -> disks.addPast(file, at, out)));
    }

    private static ServedDisks open(List<Path> files, Consumer<ServedDisks> adding) {
        Set<String> names = new HashSet<>();
        for (Path file : files) {
            if (!names.add(name(file))) {
                throw new UsageError("two disks are called " + name(file) + "; serve them apart, or rename one");
            }
        }
        var disks = new ServedDisks();
        try {
            adding.accept(disks);
            return disks;
        } catch (RuntimeException e) {
            disks.close();
            throw e;
        }
    }

    private void add(Path file, Access access, @Nullable ByteSize rate, FillArgument fill, @Nullable Path parentPath) {
        BlockDevice device = Disks.open(file, access, parentPath);
        devices.add(device);
        DiskControl.open(file, device, DiskControl.User.growing(file, device::grow)).ifPresent(controls::add);
        if (rate != null && device instanceof LazilyInitialized lazy) {
            lazy.initialize(rate.bytes(), Alarm.wallClock());
        }
        fill.begin(device);
        String description = new ByteSize(device.geometry().sizeBytes()).rounded() + " of " + file.toAbsolutePath();
        exports.add(new Export(name(file), description, device));
        if (device instanceof JournaledDisk journaled) {
            var marks = new MarksDevice(journaled);
            devices.add(marks);
            marksExports.add(new Export(name(file) + MARKS, "marks of " + file.toAbsolutePath(), marks));
        }
    }

    private void addPast(Path file, Target at, PrintStream out) {
        ProtectedDisk.Past past = ProtectedDisk.past(file, at);
        devices.add(past.disk());
        out.println("holdfast nbd serve: " + name(file) + " " + PointText.of(past.point()));
        out.flush();
        String description = new ByteSize(past.disk().geometry().sizeBytes()).rounded() + " of " + file.toAbsolutePath() + " at entry "
                + past.point().sequence();
        exports.add(new Export(name(file), description, past.disk()));
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    List<Export> exports() {
        return Stream.concat(exports.stream(), marksExports.stream()).toList();
    }

    /// The disks among them.
    List<String> names() {
        return exports.stream().map(Export::name).toList();
    }

    @Override
    public void close() {
        controls.forEach(DiskControl::close);
        devices.reversed().forEach(BlockDevice::close); // marks before their disks
    }
}
