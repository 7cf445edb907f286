package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.machine.DiskSpec;
import holdfast.machine.MachineConfig;
import holdfast.machine.VirtualMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `holdfast run`: a virtual machine in this process, on this terminal.
@Command(
        name = "run",
        description = {
            "Boots a virtual machine with its console on this terminal.",
            "",
            "Every key goes to the guest, ^C too; ^] asks, and then ends the VM; ^] twice sends one to the guest.",
            "Off a terminal the guest's console is standard output, and standard input goes to it; its end does not end the VM.",
            "What the guest writes to its image's disk is thrown away at the end, unless --keep names it.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the guest switched its power off, or ^] ended it",
            "1:the guest's kernel panicked, or the run failed",
            "2:the options do not make sense",
            "N:with --exec: the command's exit code; with --firmware none: the program's",
            "125:with --exec: the failure is Holdfast's, not the command's",
            "129, 130, 143:ended by SIGHUP, SIGINT, SIGTERM",
            "141:the reader of standard output has gone",
        })
final class RunCommand implements Callable<Integer> {
    private static final long DEFAULT_MEMORY_BYTES = 256L << 20;

    @Mixin
    RunOptions options = new RunOptions();

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        options.check();
        try {
            return run();
        } catch (UsageError e) {
            throw e;
        } catch (Exception e) {
            if (options.exec == null) {
                throw e;
            }
            ErrorReport.failure(e, Objects.requireNonNull(spec).commandLine());
            return ExitCode.EXEC_FAILED;
        }
    }

    private int run() throws InterruptedException, IOException {
        Preflight.check(options);
        Streams streams = Streams.ofProcess();
        try (var cleanUp = new CleanUp()) {
            List<DiskSpec> disks = openDisks(cleanUp);
            Boot boot = boot(disks, streams);
            return new Session(options, boot, streams, cleanUp).run(RunCommand::machine, null);
        }
    }

    private static VirtualMachine machine(MachineConfig config) {
        return new VirtualMachine(config);
    }

    private List<DiskSpec> openDisks(CleanUp cleanUp) {
        var disks = new ArrayList<DiskSpec>();
        for (DiskArgument disk : options.disks) {
            RawFile file = cleanUp.add(RawFile.open(disk.file(), disk.readOnly() ? Access.READ_ONLY : Access.READ_WRITE));
            disks.add(new DiskSpec(file, "disk" + disks.size()));
        }
        return disks;
    }

    private Boot boot(List<DiskSpec> disks, Streams streams) {
        @Nullable String image = options.imageName();
        if (image != null) {
            throw new OperatorError("image " + image, "is not there", "name a kernel with --kernel");
        }
        @Nullable Path kernel = options.kernel;
        String title = kernel == null ? "firmware" : String.valueOf(kernel.getFileName());
        @Nullable String terminalType = streams.interactive() && !options.isDeterministic() ? System.getenv("TERM") : null;
        String append = KernelArguments.of("", options.verbose, terminalType, options.append);
        long memoryBytes = options.memory == null ? DEFAULT_MEMORY_BYTES : options.memory.bytes();
        boolean persistent = options.disks.stream().anyMatch(disk -> !disk.readOnly());
        return new Boot(title, kernel, options.initrd, append, memoryBytes, disks, persistent);
    }
}
