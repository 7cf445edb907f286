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

    @Option(names = "--trace", paramLabel = "TRACE", description = "only what a disk trace of the same image names")
    @Nullable Path trace;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (HeldDisk.ask(disk, "fill", argument(bytesPerSecond(), trace), out)) {
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

    /// Of the verb of [DiskControl]: bytes a second, and the trace's absolute path behind a space.
    private static String argument(long bytesPerSecond, @Nullable Path trace) {
        return bytesPerSecond + (trace == null ? "" : " " + trace.toAbsolutePath());
    }

    private static LazyInitializer fill(ProvisionedDevice provisioned, long bytesPerSecond, @Nullable Path trace) {
        return trace == null ? provisioned.fill(bytesPerSecond, Alarm.wallClock()) : provisioned.fill(trace, bytesPerSecond, Alarm.wallClock());
    }

    /// Begins to fill a disk that this process has open for others, and says so.
    ///
    /// @param argument as it was asked for
    static void begin(String name, BlockDevice device, String argument, PrintWriter out) {
        if (!(device instanceof ProvisionedDevice provisioned)) {
            throw new OperatorError(name, "is all there", "use it as it is");
        }
        String[] words = argument.split(" ", 2);
        var _ = fill(provisioned, Long.parseLong(words[0]), words.length < 2 ? null : Path.of(words[1]));
        out.println(name + ": process " + ProcessHandle.current().pid() + ", which has it open, fills it from now on; disk info says how far it is");
    }

    private void fill(ProvisionedDevice provisioned) {
        try (LazyInitializer filling = fill(provisioned, bytesPerSecond(), trace);
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
