package holdfast.machine;

/// The guest's agent refused or failed a request, or gave an answer that makes no sense.
public final class GuestAgentException extends Exception {
    private final String kind;

    /// @param kind the protocol's error class, e.g. `CommandNotFound`, `GenericError`
    GuestAgentException(String command, String kind, String description) {
        super(command + ": " + description);
        this.kind = kind;
    }

    public String kind() {
        return kind;
    }
}
