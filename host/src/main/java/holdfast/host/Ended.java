package holdfast.host;

import holdfast.machine.MachineEvent;
import java.util.List;

/// How a machine's run has ended, in words.
final class Ended {
    static final String POWER_OFF = "its power was cut";
    static final String SAVED = "it was saved";
    static final String TERMINATED = "its process was told to end";
    static final String KILLED = "its process was killed";

    private Ended() {}

    private static final String GUEST = "the guest switched its power off";

    /// Whether this is no end that somebody wanted, guest or operator.
    static boolean isFailure(String how) {
        return !how.equals(GUEST) && !how.equals(POWER_OFF) && !how.equals(SAVED) && !how.equals(TERMINATED);
    }

    static String of(MachineEvent.Halt halt) {
        return switch (halt) {
            case MachineEvent.PoweredOff _ -> GUEST;
            case MachineEvent.GuestPanicked panic -> "the guest's kernel panicked" + last(panic.lastLines());
            case MachineEvent.HartsStopped _ -> "every hart has stopped, and nothing can wake one";
            case MachineEvent.Failed failed -> "the machine has failed: " + failed.cause();
            default -> "it has ended";
        };
    }

    /// The line that says why, which is the one before the last that ends in brackets.
    private static String last(List<String> lines) {
        return lines.stream().filter(line -> line.contains("Kernel panic")).findFirst().map(line -> ": " + line.strip()).orElse("");
    }
}
