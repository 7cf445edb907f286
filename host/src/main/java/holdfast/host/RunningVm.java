package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.machine.GuestAgent;
import holdfast.machine.MachineEvent;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The one machine of this process: how it is, and what can be done to it. Until the guest is there, and when it is ending, nothing can.
final class RunningVm {
    private static final String STARTING = "starting";
    private static final String RUNNING = "running";
    private static final String PAUSED = "paused";
    private static final String ENDING = "ending";

    /// @param change its number
    record Seen(long change, VmStatus status) {}

    private final String started = Instant.now().toString();
    private @Nullable Guest guest;
    private String state = STARTING;
    private boolean ready;
    private String notice = "";
    private long changes;
    private @Nullable String ended;

    synchronized VmStatus status() {
        return new VmStatus(ProcessHandle.current().pid(), state, ready, started, notice, null);
    }

    /// How it is, as soon as that is something else than what was seen.
    synchronized Seen awaitChange(long seen) throws InterruptedException {
        while (changes == seen) {
            wait();
        }
        return new Seen(changes, status());
    }

    private synchronized void is(String newState) {
        state = newState;
        changes++;
        notifyAll();
    }

    /// @throws OperatorError while there is none
    synchronized Guest guest() {
        if (guest == null || ended != null) {
            throw new OperatorError("the machine", "is " + state, "wait");
        }
        return guest;
    }

    /// Starts the guest, and learns from it when it halts.
    void begin(Guest newGuest) {
        newGuest.machine().listen(event -> {
            if (event instanceof MachineEvent.Halt halt) {
                end(Ended.of(halt));
            }
            if (event instanceof MachineEvent.Rebooted) {
                var _ = newGuest.mount().thenAccept(this::answered);
            }
        });
        var _ = newGuest.mount().thenAccept(this::answered);
        newGuest.start();
        synchronized (this) {
            guest = newGuest;
        }
        is(RUNNING);
    }

    private synchronized void answered(String wrong) {
        ready = true;
        notice = wrong;
        changes++;
        notifyAll();
    }

    /// The first reason counts.
    synchronized void end(String how) {
        if (ended == null) {
            ended = how;
            state = ENDING;
            changes++;
        }
        notifyAll();
    }

    /// Waits for the end.
    ///
    /// @return how it came
    synchronized String awaitEnd() throws InterruptedException {
        while (ended == null) {
            wait();
        }
        return ended;
    }

    /// @throws OperatorError when it cannot be done
    VmStatus act(Question.Verb verb, String argument) throws IOException, InterruptedException {
        switch (verb) {
            case PAUSE -> pause();
            case RESUME -> resume();
            case RESET -> guest().machine().reset();
            case SHUTDOWN -> awake().shutDown(GuestAgent.Shutdown.POWERDOWN);
            case REBOOT -> awake().shutDown(GuestAgent.Shutdown.REBOOT);
            case POWER_OFF -> end(Ended.POWER_OFF);
            case SAVE -> {
                guest().save();
                end(Ended.SAVED);
            }
            case MEMORY -> {
                return status().with(VmMemory.own());
            }
            case RESIZE -> guest().resize(Json.read(argument, Requests.Resize.class));
            default -> {}
        }
        return status();
    }

    private synchronized void pause() {
        if (!state.equals(PAUSED)) {
            guest().machine().pause();
            is(PAUSED);
        }
    }

    private synchronized void resume() {
        if (!state.equals(RUNNING)) {
            guest().machine().resume();
            is(RUNNING);
        }
    }

    private Guest awake() {
        Guest there = guest();
        if (status().state().equals(PAUSED)) {
            throw new OperatorError("the machine", "is paused, so its guest can do nothing", "resume it first");
        }
        return there;
    }
}
