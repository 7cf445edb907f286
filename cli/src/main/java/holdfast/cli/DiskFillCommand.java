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
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast disk fill`.
@Command(
        name = "fill",
        description = {
            "Lets the rest of a provisioned disk arrive that nobody uses. It can be interrupted, and goes on where it was.",
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

    @Override
    public Integer call() {
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            if (!(device instanceof ProvisionedDevice provisioned)) {
                throw new OperatorError(disk.toString(), "is all there", "use it as it is");
            }
            fill(provisioned);
        }
        return ExitCode.OK;
    }

    private void fill(ProvisionedDevice provisioned) {
        try (LazyInitializer filling = provisioned.fill(rate == null ? 0 : rate.bytes(), Alarm.wallClock());
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
