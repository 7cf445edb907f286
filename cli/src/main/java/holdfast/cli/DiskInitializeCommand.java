package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.LazilyInitialized;
import holdfast.block.LazyInitializer;
import holdfast.block.OperatorError;
import holdfast.disk.Disks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast disk initialize`.
@Command(
        name = "initialize",
        description = {
            "Zeroes what is left of a lazy disk that nobody uses. It can be interrupted, and goes on where it was.",
            "",
            "A raw disk loses the file beside it then, and is one like any other. A disk in use: run or nbd serve with --initialize.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskInitializeCommand implements Callable<Integer> {
    private static final Duration REDRAW = Duration.ofMillis(200);

    @Parameters(paramLabel = "DISK", description = "disk made with --preallocate lazy, or mapping")
    Path disk = Path.of("");

    @Option(names = "--rate", paramLabel = "SIZE", description = "at most so much a second; default: as fast as can be")
    @Nullable ByteSize rate;

    @Override
    public Integer call() {
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            if (!(device instanceof LazilyInitialized lazy) || lazy.pendingBytes() == 0) {
                throw new OperatorError(disk.toString(), "has nothing that could be initialised", "use it as it is");
            }
            initialize(lazy);
        }
        return ExitCode.OK;
    }

    private void initialize(LazilyInitialized lazy) {
        try (LazyInitializer initializer = lazy.initialize(rate == null ? 0 : rate.bytes(), Alarm.wallClock());
                var progress = ProgressBar.on(Streams.ofProcess())) {
            while (!initializer.await(REDRAW)) {
                LazyInitializer.Progress now = initializer.progress();
                progress.at("initialising " + disk.getFileName(), now.doneBytes(), now.totalBytes());
            }
            initializer.failure().ifPresent(status -> {
                throw new OperatorError(disk.toString(), "cannot be written (" + status + ")", "look after the storage it is on");
            });
        }
    }
}
