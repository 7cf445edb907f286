package holdfast.machine;

/// A driver in the guest broke the rules of its device: a bad descriptor, an index out of range. The device stops and asks
/// to be reset; nothing else happens. It carries no stack trace, since a guest can provoke it at any rate.
final class GuestError extends Exception {
    GuestError(String problem) {
        super(problem, null, false, false);
    }
}
