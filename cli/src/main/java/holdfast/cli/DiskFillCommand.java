package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.IoStatus;
import holdfast.block.LazyInitializer;
import holdfast.block.OperatorError;
import holdfast.disk.Disks;
import holdfast.disk.ProvisionedDevice;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk fill`.
@Command(
        name = "fill",
        description = {
            "Lets the rest of a provisioned disk arrive. It can be interrupted, and goes on where it was.",
            "",
            "When a running Holdfast has the disk open, that does it meanwhile, and this command ends at once.",
            "",
            "Then it is an image like any other, and what it came from is not needed any more.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskFillCommand implements Callable<Integer> {
    private static final Duration REDRAW = Duration.ofMillis(200);

    @Parameters(paramLabel = "DISK", description = "disk made with disk provision")
    Path disk = Path.of("");

    @Option(names = "--rate", paramLabel = "SIZE", description = "at most so much a second; default: as fast as can be")
    @Nullable ByteSize rate;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (HeldDisk.ask(disk, "fill", Long.toString(bytesPerSecond()), out)) {
            return ExitCode.OK;
        }
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            if (!(device instanceof ProvisionedDevice provisioned)) {
                throw new OperatorError(disk.toString(), "is all there", "use it as it is");
            }
            fill(provisioned);
        }
        return ExitCode.OK;
    }

    private long bytesPerSecond() {
        return rate == null ? 0 : rate.bytes();
    }

    /// Begins to fill a disk that this process has open for others, and says so.
    static void begin(String name, BlockDevice device, long bytesPerSecond, PrintWriter out) {
        if (!(device instanceof ProvisionedDevice provisioned)) {
            throw new OperatorError(name, "is all there", "use it as it is");
        }
        var _ = provisioned.fill(bytesPerSecond, Alarm.wallClock());
        out.println(name + ": process " + ProcessHandle.current().pid() + ", which has it open, fills it from now on; disk info says how far it is");
    }

    private void fill(ProvisionedDevice provisioned) {
        try (LazyInitializer filling = provisioned.fill(bytesPerSecond(), Alarm.wallClock());
                var progress = ProgressBar.on(Streams.ofProcess())) {
            while (!filling.await(REDRAW)) {
                LazyInitializer.Progress now = filling.progress();
                progress.at("filling " + disk.getFileName(), now.doneBytes(), now.totalBytes());
            }
            filling.failure().ifPresent(status -> {
                boolean full = status == IoStatus.NO_SPACE;
                throw new OperatorError(
                        disk.toString(),
                        full ? "there is no room for the rest of it" : "the rest of it does not come (" + status + ")",
                        full ? "make room, and begin again" : "look after what it comes from, and begin again; what has arrived is kept");
            });
        }
    }
}
