package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.machine.Firmware;
import holdfast.machine.MachineConfig;
import holdfast.share.Mount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What `holdfast run` was asked for. [#check] says whether the parts go together; it looks at no file.
final class RunOptions {
    static final String DEFAULT_IMAGE = "tiny";

    /// A whole Debian that is interpreted on a busy host is up long before that.
    static final int READY_SECONDS_DEFAULT = 900;

    @Parameters(
            arity = "0..1",
            paramLabel = "IMAGE",
            description = "image to boot, built first if it is not there; default: " + DEFAULT_IMAGE)
    @Nullable String image;

    @Option(names = "--cpus", paramLabel = "N", description = "number of harts, 1 to " + MachineConfig.HARTS_MAX + "; default: 1")
    @Nullable Integer cpus;

    @Option(names = "--memory", paramLabel = "SIZE", description = "the guest's memory, such as 512M or 2GiB; default: what the image asks for")
    @Nullable ByteSize memory;

    @Option(names = "--kernel", paramLabel = "FILE", description = "a riscv64 Linux Image or ELF file to start; without IMAGE nothing else of an image is used")
    @Nullable Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "initial RAM file system for the kernel")
    @Nullable Path initrd;

    @Option(names = "--append", paramLabel = "TEXT", description = "more for the kernel's command line")
    @Nullable String append;

    @Option(
            names = "--firmware",
            paramLabel = "FILE|none",
            converter = FirmwareArgument.class,
            description = {
                "firmware that starts in M-mode, such as OpenSBI's fw_dynamic; default: Holdfast's own SBI.",
                "none: the kernel is a bare ELF program in M-mode; its store to 'tohost' ends the run"
            })
    Firmware firmware = new Firmware.BuiltIn();

    @Option(names = "--disk", paramLabel = "FILE[@POINT][,ro|,scratch|,hand-over]", converter = DiskArgument.Converter.class, description = {
        "a disk, repeatable; with ,ro the guest cannot write to it, with ,scratch what it writes is gone afterwards.",
        "With @POINT a protected disk as it was, ,ro or ,scratch: @mark:NAME, @time:T, @seq:N or @marked-before:T.",
        "With ,hand-over holdfast-take-over in the guest can bring what of a provisioned disk has not arrived"
    })
    List<DiskArgument> disks = new ArrayList<>();

    @Option(names = "--initialize", paramLabel = "RATE", description = "initialise what is left of lazy disks of --disk while the guest runs, at most so much a second, such as 50M; 0: as fast as can be")
    @Nullable ByteSize initialize;

    @Option(names = "--fill", paramLabel = "RATE|none", defaultValue = FillArgument.USUAL, converter = FillArgument.Converter.class, description = "let what is left of provisioned disks of --disk arrive while the guest runs, at most so much a second; 0: as fast as can be; none: only what the guest needs; default: " + FillArgument.USUAL)
    FillArgument fill = new FillArgument.None();

    @Option(names = "--net", paramLabel = "none|socket:PATH|listen:PATH", converter = NetArgument.Converter.class, description = "network: none (default), or a stream socket with QEMU's framing, which passt, QEMU or another run is asked at (socket) or comes to (listen)")
    NetArgument net = new NetArgument.None();

    @Option(names = "--mount", paramLabel = "DIR[:PATH][,ro]", converter = MountArgument.class, description = {
        "a directory that the guest has at PATH (default: /mnt/ and the directory's name), by 9P2000.L; repeatable.",
        "With ,ro the guest cannot change it. It sees nothing outside, also not through links"
    })
    List<Mount> mounts = new ArrayList<>();

    @Option(names = "--console-log", paramLabel = "FILE", description = "write what the guest's console shows to this file, too")
    @Nullable Path consoleLog;

    @Option(
            names = "--profile",
            arity = "0..1",
            fallbackValue = ProfileArgument.FILE,
            preprocessor = ProfileArgument.class,
            paramLabel = "FILE",
            description = "record with Java Flight Recorder where the engine's time goes, in this file (default: " + ProfileArgument.FILE
                    + "), and show counters on standard error at the end")
    @Nullable Path profile;

    @Option(names = "--deterministic", description = "every run with the same inputs is the same to the instruction; input that is no terminal is read whole before the start")
    boolean deterministic;

    @Option(names = "--record", paramLabel = "FILE", description = "write down everything that enters the machine, for --replay; scheduling is deterministic")
    @Nullable Path record;

    @Option(names = "--replay", paramLabel = "FILE", description = "run a record again; the other options must be those it was made with")
    @Nullable Path replay;

    @Option(names = "--seed", paramLabel = "N", description = "seed of the guest's randomness and of everything pseudo-random in the machine")
    @Nullable Long seed;

    @Option(names = "--save-on-exit", paramLabel = "FILE", description = "when the run is ended by ^], a signal or 'holdfast stop --force', save the machine's state to this file")
    @Nullable Path saveOnExit;

    @Option(names = "--restore", paramLabel = "FILE", description = "go on where --save-on-exit stopped")
    @Nullable Path restore;

    @Option(
            names = "--exec",
            paramLabel = "CMD",
            description = "run this shell command in the guest, with its output alone on standard output and its errors on standard error, and end with its exit code")
    @Nullable String exec;

    @Option(
            names = "--ready-timeout",
            paramLabel = "SECONDS",
            description = "with --exec: how long the guest may take until it can run a command; 0: for ever; default: " + READY_SECONDS_DEFAULT)
    @Nullable Integer readyTimeout;

    @Option(names = {"-v", "--verbose"}, description = "with --exec: show the guest's console on standard error")
    boolean verbose;

    @Option(names = "--keep", paramLabel = "NAME", description = "keep what the guest wrote to its disk, as an image of this name; without it every run starts from the same disk")
    @Nullable String keep;

    @Option(names = "--root-disk", hidden = true, description = "the image's disk as a saved machine had it")
    @Nullable Path rootDisk;

    /// Whether an image takes part: one was named, or nothing else that could be booted.
    @Nullable String imageName() {
        if (image != null) {
            return image;
        }
        return kernel == null && !(firmware instanceof Firmware.None) ? DEFAULT_IMAGE : null;
    }

    /// Seconds that the guest may take until it can run a command; 0: for ever.
    int readySeconds() {
        return readyTimeout == null ? READY_SECONDS_DEFAULT : readyTimeout;
    }

    /// Whether the run has to be reproducible.
    boolean isDeterministic() {
        return deterministic || record != null || replay != null;
    }

    /// @throws UsageError naming the options that do not go together
    void check() {
        checkNumbers();
        if (firmware instanceof Firmware.None) {
            if (kernel == null) {
                throw new UsageError("--firmware none needs --kernel: the bare program to start");
            }
            String bare = "a bare program (--firmware none)";
            refuse(bare, "IMAGE", image, "--initrd", initrd, "--append", append, "--exec", exec, "--keep", keep);
        }
        if (replay != null) {
            refuse("--replay", "--record", record, "--save-on-exit", saveOnExit, "--keep", keep);
        }
        if (restore != null) {
            refuse(
                    "--restore",
                    "IMAGE", image, "--cpus", cpus, "--memory", memory, "--kernel", kernel, "--initrd", initrd,
                    "--append", append, "--firmware", firmware instanceof Firmware.BuiltIn ? null : firmware,
                    "--disk", disks.isEmpty() ? null : disks, "--deterministic", deterministic ? true : null,
                    "--seed", seed, "--keep", keep);
        }
        if (!mounts.isEmpty()) {
            refuse(
                    "--mount", "--deterministic", isDeterministic() ? true : null, "--save-on-exit", saveOnExit, "--restore", restore,
                    "--firmware none", firmware instanceof Firmware.None ? firmware : null);
        }
        if (exec != null && exec.isBlank()) {
            throw new UsageError("--exec: there is no command in '" + exec + "'");
        }
        if (exec != null && imageName() == null && initrd == null) {
            throw new UsageError("--exec needs an IMAGE or --initrd with a guest that answers to it; --kernel alone has none");
        }
        if (readyTimeout != null && exec == null) {
            throw new UsageError("--ready-timeout needs --exec, whose command waits for the guest");
        }
        if (keep != null && imageName() == null) {
            throw new UsageError("--keep needs an IMAGE, whose disk it keeps");
        }
        if (initrd != null && imageName() == null && kernel == null) {
            throw new UsageError("--initrd needs a kernel to load it: --kernel or IMAGE");
        }
        if (initialize != null && restore == null && !writesToDisks()) {
            throw new UsageError("--initialize needs a --disk that may be written, without ,ro");
        }
        if (saveOnExit != null && disks.stream().anyMatch(disk -> disk.use() == DiskArgument.Use.SCRATCH)) {
            throw new UsageError("--save-on-exit does not go with a --disk whose changes are gone afterwards (,scratch)");
        }
        if (saveOnExit != null && disks.stream().anyMatch(disk -> disk.use() == DiskArgument.Use.HAND_OVER)) {
            throw new UsageError("--save-on-exit does not go with a --disk that the guest may have in its own hands (,hand-over)");
        }
        checkFilesDiffer();
    }

    /// Whether the guest may write to a disk that the user brought.
    boolean writesToDisks() {
        return disks.stream().anyMatch(DiskArgument::isWritten);
    }

    private void checkNumbers() {
        if (cpus != null && (cpus < 1 || cpus > MachineConfig.HARTS_MAX)) {
            throw new UsageError("--cpus: " + cpus + " is not between 1 and " + MachineConfig.HARTS_MAX);
        }
        if (readyTimeout != null && readyTimeout < 0) {
            throw new UsageError("--ready-timeout: " + readyTimeout + " is no number of seconds");
        }
        if (memory != null && memory.bytes() < MachineConfig.MEMORY_MIN_BYTES) {
            throw new UsageError("--memory: " + memory + " is too little; the least is " + new ByteSize(MachineConfig.MEMORY_MIN_BYTES));
        }
        if (memory != null && memory.bytes() % MachineConfig.MEMORY_UNIT_BYTES != 0) {
            throw new UsageError("--memory: " + memory + " is not a multiple of " + new ByteSize(MachineConfig.MEMORY_UNIT_BYTES));
        }
    }

    /// Files that are written must not be among those that are read, nor be written twice.
    private void checkFilesDiffer() {
        var written = new ArrayList<Named>();
        addTo(written, "--console-log", consoleLog);
        addTo(written, "--profile", profile);
        addTo(written, "--record", record);
        addTo(written, "--save-on-exit", saveOnExit);
        var others = new ArrayList<Named>();
        addTo(others, "--kernel", kernel);
        addTo(others, "--initrd", initrd);
        addTo(others, "--firmware", firmware instanceof Firmware.File(Path path) ? path : null);
        addTo(others, "--replay", replay);
        disks.forEach(disk -> addTo(others, "--disk", disk.file()));
        for (int i = 0; i < written.size(); i++) {
            refuseSame(written.get(i), written.subList(i + 1, written.size()));
            refuseSame(written.get(i), others);
        }
    }

    private record Named(String option, Path file) {}

    private static void addTo(List<Named> files, String option, @Nullable Path file) {
        if (file != null) {
            files.add(new Named(option, file));
        }
    }

    private static void refuseSame(Named file, List<Named> others) {
        for (Named other : others) {
            if (file.file.toAbsolutePath().normalize().equals(other.file.toAbsolutePath().normalize())) {
                throw new UsageError(file.option + " and " + other.option + " name the same file: " + file.file);
            }
        }
    }

    /// @param namesAndValues options that are not possible, each followed by its value, null if it was not given
    private static void refuse(String why, @Nullable Object... namesAndValues) {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (namesAndValues[i + 1] != null) {
                throw new UsageError(namesAndValues[i] + " and " + why + " exclude each other");
            }
        }
    }
}
