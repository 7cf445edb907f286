package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import holdfast.host.Operation;
import holdfast.host.SpecDisk;
import holdfast.host.VmSpec;
import holdfast.host.VmView;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast launch`.
@Command(
        name = "launch",
        description = {
            "Makes a virtual machine with a name, and starts it; returns when it takes commands.",
            "It goes on without this command, this terminal and the daemon, until it is stopped. What it writes to its disks it keeps.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class LaunchCommand implements Callable<Integer> {
    private static final int SECONDS_DEFAULT = 900;

    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(arity = "0..1", paramLabel = "IMAGE", description = "image to make it from, built first if it is not there; default: " + RunOptions.DEFAULT_IMAGE)
    @Nullable String image;

    @Option(names = "--name", paramLabel = "NAME", description = "what to call it; default: a name is found")
    @Nullable String name;

    @Option(names = "--cpus", paramLabel = "N", description = "number of harts; default: 1")
    int cpus = 1;

    @Option(names = "--memory", paramLabel = "SIZE", description = "its memory, such as 512M or 2GiB; default: what the image asks for")
    @Nullable ByteSize memory;

    @Option(names = "--disk", paramLabel = "FILE[,ro]", converter = DiskArgument.Converter.class, description = "a disk of yours, repeatable; with ,ro the guest cannot write to it")
    List<DiskArgument> disks = new ArrayList<>();

    @Option(names = "--append", paramLabel = "TEXT", description = "more for the kernel's command line")
    @Nullable String append;

    @Option(names = "--no-start", description = "only make it")
    boolean noStart;

    @Option(names = "--no-wait", description = "return when it has been started, not when it takes commands")
    boolean noWait;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "how long it may take until it takes commands; default: " + SECONDS_DEFAULT)
    int timeout = SECONDS_DEFAULT;

    @Override
    public Integer call() throws InterruptedException {
        var spec = new VmSpec(image, cpus, memory == null ? 0 : memory.bytes(), specDisks(), append);
        try (HostClient daemon = host.daemon()) {
            host.say(launch(daemon, spec).name());
        }
        return ExitCode.OK;
    }

    private VmView launch(HostClient daemon, VmSpec spec) throws InterruptedException {
        try (var progress = ProgressBar.on(Streams.ofProcess())) {
            VmView made = daemon.create(name, spec, !noStart, view -> show(progress, view));
            if (!noStart && !noWait) {
                progress.at(made.name() + " boots", 0, -1);
                daemon.await(made.name(), "ready", timeout);
            }
            return made;
        }
    }

    private List<SpecDisk> specDisks() {
        return disks.stream().map(LaunchCommand::specDisk).toList();
    }

    private static SpecDisk specDisk(DiskArgument disk) {
        if (disk.point() != null || disk.use() == DiskArgument.Use.SCRATCH) {
            throw new UsageError("--disk " + disk.file() + ": a machine that is kept has its disks as they are: FILE or FILE,ro");
        }
        return new SpecDisk(disk.file().toAbsolutePath().normalize().toString(), disk.use() == DiskArgument.Use.READ_ONLY);
    }

    private static void show(ProgressBar progress, Operation.View view) {
        progress.at(view.phase(), view.done(), view.total());
    }
}
