package holdfast.block;

/// Something the person at the keyboard can put right: a file that is missing, a disk that is in use. It is thrown where
/// it is noticed and printed where the command began, without a stack trace.
public final class OperatorError extends RuntimeException {
    private final String subject;
    private final String problem;
    private final String nextStep;

    /// @param subject what it is about, as the operator named it: a file, an option
    /// @param problem what is wrong with it, in a few words
    /// @param nextStep what to do now
    public OperatorError(String subject, String problem, String nextStep) {
        super(subject + ": " + problem + "; " + nextStep, null, false, false);
        this.subject = subject;
        this.problem = problem;
        this.nextStep = nextStep;
    }

    public String subject() {
        return subject;
    }

    public String problem() {
        return problem;
    }

    public String nextStep() {
        return nextStep;
    }
}
