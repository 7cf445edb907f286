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
    private final Object turn = new Object();
    private @Nullable LiveGuest guest;
    private String state = STARTING;
    private boolean ready;
    private String notice = "";
    private long changes;
    private @Nullable String ended;

    synchronized VmStatus status() {
        return new VmStatus(ProcessHandle.current().pid(), state, ready, started, notice, null, guest == null ? null : guest.spec(), ended);
    }

    /// How it is, as soon as that is something else than what was seen.
    synchronized Seen awaitChange(long seen) throws InterruptedException {
        while (changes == seen) {
            wait();
        }
        return new Seen(changes, status());
    }

    /// One that is ending stays so.
    private synchronized void is(String newState) {
        if (ended == null) {
            state = newState;
            changes++;
            notifyAll();
        }
    }

    /// @throws OperatorError while there is none
    synchronized LiveGuest guest() {
        if (guest == null || ended != null) {
            throw new OperatorError("the machine", "is " + state, "wait");
        }
        return guest;
    }

    /// Starts the guest, and learns from it when it halts.
    void begin(LiveGuest newGuest) {
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

    /// How it is ending; empty while it is not.
    synchronized String how() {
        return ended == null ? "" : ended;
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
            case RESET -> {
                LiveGuest there = guest();
                there.requireInput();
                there.machine().reset();
            }
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

    /// A machine may take a while to stand still, in which it can be asked other things, and end.
    private void pause() {
        synchronized (turn) {
            LiveGuest there = guest();
            if (!status().state().equals(PAUSED)) {
                there.machine().pause();
                is(PAUSED);
            }
        }
    }

    private void resume() {
        synchronized (turn) {
            LiveGuest there = guest();
            if (!status().state().equals(RUNNING)) {
                there.machine().resume();
                is(RUNNING);
            }
        }
    }

    private LiveGuest awake() {
        LiveGuest there = guest();
        there.requireInput();
        if (status().state().equals(PAUSED)) {
            throw new OperatorError("the machine", "is paused, so its guest can do nothing", "resume it first");
        }
        return there;
    }
}
