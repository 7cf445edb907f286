package holdfast.machine;

/// A replay has left the recorded path. Ends the run as [MachineEvent.Diverged]; it carries no stack trace.
final class Divergence extends RuntimeException {
    private final String what;

    Divergence(String what) {
        super(what, null, false, false);
        this.what = what;
    }

    String what() {
        return what;
    }
}
