package holdfast.cli;

/// Options that are each fine but do not go together, or an argument that makes no sense: exit code 2.
final class UsageError extends RuntimeException {
    UsageError(String message) {
        super(message, null, false, false);
    }
}
