package holdfast.block;

import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;

/// Passes requests on, and writes down what was submitted and what completed, in one order, with the data: so that a
/// test can see what a layer did, and make every disk that a power cut could have left ([Recording#cut]).
public final class RecordingDevice implements BlockDevice {
    private final BlockDevice lower;
    private final Recording recording;
    private final Map<Request, Request> passedOn = new IdentityHashMap<>();

    public RecordingDevice(BlockDevice lower) {
        this(lower, new Recording());
    }

    /// @param recording shared with other devices, so that what happens at all of them has one order
    public RecordingDevice(BlockDevice lower, Recording recording) {
        this.lower = lower;
        this.recording = recording;
    }

    /// What has happened so far; grows as more does.
    public Recording recording() {
        return recording;
    }

    @Override
    public Geometry geometry() {
        return lower.geometry();
    }

    @Override
    public Optional<String> identity() {
        return lower.identity();
    }

    @Override
    public void submit(Request request) {
        if (geometry().admits(request) != IoStatus.OK) {
            lower.submit(request);
            return;
        }
        int number = recording.submitted(this, request);
        Request below = request.completing((_, status) -> {
            recording.completed(number, status);
            synchronized (passedOn) {
                passedOn.remove(request);
            }
            request.complete(status);
        });
        synchronized (passedOn) {
            passedOn.put(request, below);
        }
        lower.submit(below);
    }

    @Override
    public Cancellation cancel(Request request) {
        Request below;
        synchronized (passedOn) {
            below = passedOn.get(request);
        }
        return below == null ? Cancellation.DONE : lower.cancel(below);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return lower.drain(deadlineNanos);
    }

    @Override
    public void close() {
        lower.close();
    }
}
