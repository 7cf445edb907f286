package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.host.CloudSeed;
import holdfast.host.HostClient;
import holdfast.host.Operation;
import holdfast.host.SpecDisk;
import holdfast.host.SpecMount;
import holdfast.host.SpecPort;
import holdfast.host.VmSpec;
import holdfast.host.VmView;
import holdfast.share.Mount;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
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

    /// The daemon takes no more.
    private static final int CLOUD_BYTES_MAX = 512 << 10;

    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(arity = "0..1", paramLabel = "IMAGE", description = "image to make it from, built first if it is not there; default: " + RunOptions.DEFAULT_IMAGE)
    @Nullable String image;

    @Option(names = "--name", paramLabel = "NAME", description = "what to call it; default: a name is found")
    @Nullable String name;

    @Option(names = "--cpus", paramLabel = "N", description = "number of harts; default: 1")
    @Nullable Integer cpus;

    @Option(names = "--memory", paramLabel = "SIZE", description = "its memory, such as 512M or 2GiB; default: what the image asks for")
    @Nullable ByteSize memory;

    @Option(names = "--disk", paramLabel = "FILE[,ro]", converter = DiskArgument.Converter.class, description = "a disk of yours, repeatable; with ,ro the guest cannot write to it")
    List<DiskArgument> disks = new ArrayList<>();

    @Option(names = "--network", paramLabel = "NAME|none", description = "the network that it is in; default: default")
    @Nullable String network;

    @Option(
            names = {"-p", "--publish"}, paramLabel = "[ADDRESS:]HOST:GUEST[/udp]", converter = PortArgument.class,
            description = "a port of this host that leads to one of its, repeatable; bound to 127.0.0.1 unless an address is named")
    List<SpecPort> ports = new ArrayList<>();

    @Option(names = "--mount", paramLabel = "DIR[:PATH][,ro]", converter = MountArgument.class, description = {
        "a directory of this host that it has at PATH (default: /mnt/ and the directory's name), repeatable; with ,ro it cannot change it.",
        "While it has that mounted it cannot be saved"
    })
    List<Mount> mounts = new ArrayList<>();

    @Option(names = "--append", paramLabel = "TEXT", description = "more for the kernel's command line")
    @Nullable String append;

    @Option(names = "--user-data", paramLabel = "FILE", description = {
        "what cloud-init in it is to do at its first start; for an image that has it, such as debian-cloud.",
        "It is also told the machine's name, its id, and the key of 'holdfast ssh'"
    })
    @Nullable Path userData;

    @Option(names = "--meta-data", paramLabel = "FILE", description = "more of what cloud-init is told of the machine, in YAML; goes before that")
    @Nullable Path metaData;

    @Option(names = "--restart", paramLabel = "POLICY", description = "what becomes of it when it has ended by itself: no, on-failure (its process was killed, or its kernel panicked) or always; default: no")
    @Nullable String restart;

    @Option(names = "--spec", paramLabel = "FILE", description = {
        "what it is to be, in YAML: a spec as 'host schema' describes it, or what 'info -o yaml' says of a machine; -: standard input.",
        "An option stands in place of what it says"
    })
    @Nullable String specFile;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "a field of the spec, such as restart=always, repeatable")
    List<String> settings = new ArrayList<>();

    @Option(names = "--no-start", description = "only make it")
    boolean noStart;

    @Option(names = "--no-wait", description = "return when it has been started, not when it takes commands")
    boolean noWait;

    @Option(names = "--wait", paramLabel = Awaited.FORM, converter = Awaited.Converter.class, description = {
        "what to wait for: ready: it takes commands; ssh, port:N: something listens there, by TCP; console:/RE/: it has shown that;",
        "cloud-init: all that its user data asks for has been done.",
        "Default: ready"
    })
    @Nullable Awaited wait;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "how long that may take; default: " + SECONDS_DEFAULT)
    @Nullable Integer timeout;

    @Override
    public Integer call() throws InterruptedException {
        checkWait();
        AskedSpec asked = (specFile == null ? AskedSpec.nothing() : AskedSpec.in(specFile, Streams.ofProcess()))
                .named(name)
                .option("image", image)
                .option("cpus", cpus)
                .option("memoryBytes", memory == null ? null : memory.bytes())
                .option("disks", specDisks())
                .option("append", append)
                .option("network", network)
                .option("ports", ports)
                .option("mounts", mounts.stream().map(SpecMount::of).toList())
                .option("restart", restart)
                .set(settings);
        VmSpec spec = asked.spec();
        try (HostClient daemon = host.daemon()) {
            VmView made = launch(daemon, asked.name(), spec);
            host.say(made.name());
            if (made.notice() != null) {
                host.warn(made.name() + ": " + made.notice());
            }
        }
        return ExitCode.OK;
    }

    private void checkWait() {
        if (wait instanceof Awaited.Stopped) {
            throw new UsageError("--wait stopped: it is to run; use: holdfast wait --for stopped");
        }
        if (noStart && noWait) {
            throw new UsageError("--no-wait and --no-start exclude each other: one that does not start is not waited for");
        }
        if ((noStart || noWait) && (wait != null || timeout != null)) {
            throw new UsageError("--wait and --timeout do not go with " + (noStart ? "--no-start" : "--no-wait") + ": nothing is waited for");
        }
    }

    private VmView launch(HostClient daemon, @Nullable String called, VmSpec spec) throws InterruptedException {
        try (var progress = ProgressBar.on(Streams.ofProcess())) {
            VmView made = daemon.create(called, spec, cloud(), !noStart, view -> show(progress, view));
            if (!noStart && !noWait) {
                progress.at(made.name() + " boots", 0, -1);
                Awaited awaited = wait == null ? new Awaited.Ready() : wait;
                awaited.await(daemon, made.name(), timeout == null ? SECONDS_DEFAULT : timeout);
                return daemon.get(made.name());
            }
            return made;
        }
    }

    private @Nullable CloudSeed cloud() {
        return userData == null && metaData == null
                ? null
                : new CloudSeed(
                        userData == null ? null : Base64.getEncoder().encodeToString(content("--user-data", userData)),
                        metaData == null ? null : new String(content("--meta-data", metaData), StandardCharsets.UTF_8));
    }

    private static byte[] content(String option, Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(CLOUD_BYTES_MAX + 1);
            if (content.length > CLOUD_BYTES_MAX) {
                throw new OperatorError(option + " " + file, "is longer than " + new ByteSize(CLOUD_BYTES_MAX), "compress it with gzip, or #include it");
            }
            return content;
        } catch (IOException e) {
            throw new OperatorError(option + " " + file, "cannot be read: " + e.getMessage(), "name a file that can");
        }
    }

    private List<SpecDisk> specDisks() {
        return disks.stream().map(LaunchCommand::specDisk).toList();
    }

    private static SpecDisk specDisk(DiskArgument disk) {
        if (disk.point() != null || disk.use() == DiskArgument.Use.SCRATCH || disk.use() == DiskArgument.Use.HAND_OVER) {
            throw new UsageError("--disk " + disk.file() + ": a machine that is kept has its disks as they are: FILE or FILE,ro");
        }
        return new SpecDisk(disk.file().toAbsolutePath().normalize().toString(), disk.use() == DiskArgument.Use.READ_ONLY);
    }

    private static void show(ProgressBar progress, Operation.View view) {
        progress.at(view.phase(), view.done(), view.total());
    }
}
