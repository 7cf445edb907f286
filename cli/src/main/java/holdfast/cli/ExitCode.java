package holdfast.cli;

/// What `holdfast` says with its exit code.
final class ExitCode {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;

    /// There is no daemon, or none that answers.
    static final int UNREACHABLE = 3;

    /// There is no such machine.
    static final int NOT_FOUND = 4;

    /// It does not fit how things are: a name that is taken, a machine that does not run.
    static final int CONFLICT = 5;

    /// It has not come about in time, as timeout(1) has it.
    static final int TIMEOUT = 124;

    /// Of `run --exec` and `exec`: the failure is ours, not the command's.
    static final int EXEC_FAILED = 125;

    /// What a shell reports of a program that wrote to a closed pipe (128 + SIGPIPE).
    static final int OUTPUT_CLOSED = 141;

    private ExitCode() {}
}
