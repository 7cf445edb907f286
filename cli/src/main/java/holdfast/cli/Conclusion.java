package holdfast.cli;

import holdfast.machine.MachineEvent;
import holdfast.machine.MachineEvent.Closed;
import holdfast.machine.MachineEvent.Diverged;
import holdfast.machine.MachineEvent.Failed;
import holdfast.machine.MachineEvent.GuestPanicked;
import holdfast.machine.MachineEvent.HartsStopped;
import holdfast.machine.MachineEvent.PoweredOff;
import holdfast.machine.MachineEvent.ReplayEnded;
import holdfast.machine.MachineEvent.ToHost;
import java.util.ArrayList;
import java.util.List;

/// How a run ended, for the shell: an exit code, and what to say on standard error.
record Conclusion(int exitCode, List<String> lines) {
    private static final int LAST_LINES_MAX = 30;

    static Conclusion quiet(int exitCode) {
        return new Conclusion(exitCode, List.of());
    }

    /// Of a machine that halted by itself.
    ///
    /// @param exec whether a command was to run in it that has not ended
    static Conclusion of(MachineEvent.Halt halt, boolean exec) {
        int failed = exec ? ExitCode.EXEC_FAILED : ExitCode.FAILED;
        return switch (halt) {
            case PoweredOff _ -> exec ? new Conclusion(failed, List.of("the guest powered off before the command had ended"))
                    : quiet(ExitCode.OK);
            case GuestPanicked panic -> new Conclusion(failed, panicLines(panic.lastLines()));
            case HartsStopped _ -> new Conclusion(failed, List.of("every hart has stopped, and nothing can wake one"));
            case ToHost(long _, long value) -> quiet(value < 0 || value > 255 ? 255 : (int) value);
            case ReplayEnded(long _, boolean complete) -> complete ? quiet(ExitCode.OK)
                    : new Conclusion(failed, List.of("the record ends before the recorded run did: it was cut off"));
            case Diverged diverged -> new Conclusion(failed, List.of("the replay has left the recorded path: " + diverged.what()));
            case Failed broken -> new Conclusion(failed, List.of("the machine has failed: " + ErrorReport.describe(broken.cause()),
                    "please report it with what HOLDFAST_LOG=debug shows"));
            // By a signal's doing, which ends this process and says what there is to say.
            case Closed _ -> quiet(failed);
        };
    }

    private static List<String> panicLines(List<String> lastLines) {
        var lines = new ArrayList<String>();
        lines.add("the guest's kernel panicked; its last lines:");
        lines.addAll(lastLines.subList(Math.max(0, lastLines.size() - LAST_LINES_MAX), lastLines.size()));
        return lines;
    }
}
