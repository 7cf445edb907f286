package holdfast.cli;

/// What `holdfast` says with its exit code.
final class ExitCode {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;

    /// Of `run --exec`: the failure is ours, not the command's.
    static final int EXEC_FAILED = 125;

    /// What a shell reports of a program that wrote to a closed pipe (128 + SIGPIPE).
    static final int OUTPUT_CLOSED = 141;

    private ExitCode() {}
}
