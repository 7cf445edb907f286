package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.ByteSize;
import holdfast.block.LazyDevice;
import holdfast.block.LazyDisk;
import holdfast.block.LazyInitializer;
import holdfast.block.OperatorError;
import holdfast.disk.DiskFormat;
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
            "A raw disk loses the file beside it then, and is one like any other. A disk in use: holdfast nbd serve --initialize.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskInitializeCommand implements Callable<Integer> {
    private static final Duration REDRAW = Duration.ofMillis(200);

    @Parameters(paramLabel = "DISK", description = "raw disk made with --preallocate lazy, or mapping")
    Path disk = Path.of("");

    @Option(names = "--rate", paramLabel = "SIZE", description = "at most so much a second; default: as fast as can be")
    @Nullable ByteSize rate;

    @Override
    public Integer call() {
        if (DiskFormat.of(disk) != DiskFormat.RAW || !LazyDisk.isOne(disk)) {
            throw new OperatorError(disk.toString(), "has nothing that could be initialised", "use it as it is");
        }
        Streams streams = Streams.ofProcess();
        try (LazyDevice device = LazyDisk.open(disk, Access.READ_WRITE);
                LazyInitializer initializer = device.initialize(rate == null ? 0 : rate.bytes(), Alarm.wallClock());
                var progress = ProgressBar.on(streams)) {
            while (!initializer.await(REDRAW)) {
                LazyInitializer.Progress now = initializer.progress();
                progress.at("initialising " + disk.getFileName(), now.doneBytes(), now.totalBytes());
            }
            initializer.failure().ifPresent(status -> {
                throw new OperatorError(disk.toString(), "cannot be written (" + status + ")", "look after the storage it is on");
            });
        }
        return ExitCode.OK;
    }
}
