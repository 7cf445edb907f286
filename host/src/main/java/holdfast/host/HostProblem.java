package holdfast.host;

/// Something that a client of the daemon has to know, with what kind of thing it is: an HTTP status, and an exit code.
public final class HostProblem extends RuntimeException {
    /// What went wrong.
    public enum Kind {
        /// The request makes no sense.
        INVALID(400),
        /// It takes a token, and this is none.
        UNAUTHORIZED(401),
        /// It is not for the role of who asks.
        FORBIDDEN(403),
        /// There is no such thing.
        NOT_FOUND(404),
        /// It does not fit what is there: a name that is taken, a machine that does not run.
        CONFLICT(409),
        /// It could not be done.
        FAILED(500),
        /// There is no daemon, or none that answers.
        UNREACHABLE(503),
        /// It has not come about in time.
        TIMEOUT(504);

        final int status;

        Kind(int status) {
            this.status = status;
        }

        static Kind of(int status) {
            for (Kind kind : values()) {
                if (kind.status == status) {
                    return kind;
                }
            }
            return status / 100 == 4 ? INVALID : FAILED;
        }
    }

    private final Kind kind;
    private final String subject;
    private final String problem;
    private final String nextStep;

    public HostProblem(Kind kind, String subject, String problem, String nextStep) {
        super(subject + ": " + problem + "; " + nextStep, null, false, false);
        this.kind = kind;
        this.subject = subject;
        this.problem = problem;
        this.nextStep = nextStep;
    }

    public Kind kind() {
        return kind;
    }

    /// What it is about.
    public String subject() {
        return subject;
    }

    /// What is wrong with it.
    public String problem() {
        return problem;
    }

    /// What to do now.
    public String nextStep() {
        return nextStep;
    }
}
