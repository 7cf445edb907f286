package holdfast.cli;

import holdfast.host.HostHome;
import holdfast.machine.SavedState;
import holdfast.machine.VirtualMachine;
import java.io.IOException;
import java.nio.file.Path;
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
            "While it runs, 'holdfast list' has it as run-PID, and it takes exec, cp, console, logs, pause, resume, reboot and stop.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the guest switched its power off, or ^] ended it",
            "1:the guest's kernel panicked, the run failed, or its power was cut (holdfast stop --force)",
            "2:the options do not make sense",
            "N:with --exec: the command's exit code; with --firmware none: the program's",
            "125:with --exec: the failure is Holdfast's, not the command's",
            "129, 130, 143:ended by SIGHUP, SIGINT, SIGTERM",
            "141:the reader of standard output has gone",
        })
final class RunCommand implements Callable<Integer> {
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
        @Nullable Path file = options.restore;
        @Nullable SavedRun saved = null;
        if (file != null) {
            Preflight.readable("--restore", file);
            saved = SavedRun.parse(SavedState.label(file), file);
        }
        RunOptions effective = saved == null ? options : saved.restoredBy(options);
        Streams streams = Streams.ofProcess();
        try (var cleanUp = new CleanUp()) {
            Boot boot = new Provision(effective, saved, streams, cleanUp).boot();
            return new Session(effective, boot, streams, cleanUp).foundIn(HostHome.of(System.getenv(), null)).run(VirtualMachine::new);
        }
    }
}
