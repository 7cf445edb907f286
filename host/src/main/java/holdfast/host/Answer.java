package holdfast.host;

import holdfast.block.OperatorError;
import org.jspecify.annotations.Nullable;

/// What a machine's process answers: how it is then, or what was wrong.
record Answer(@Nullable VmStatus status, @Nullable String subject, @Nullable String problem, @Nullable String nextStep) {

    static Answer of(VmStatus status) {
        return new Answer(status, null, null, null);
    }

    static Answer of(OperatorError error) {
        return new Answer(null, error.subject(), error.problem(), error.nextStep());
    }

    /// @throws HostProblem with what was wrong
    VmStatus orThrow() {
        if (status != null) {
            return status;
        }
        throw new HostProblem(
                HostProblem.Kind.CONFLICT,
                subject == null ? "the machine" : subject,
                problem == null ? "has refused" : problem,
                nextStep == null ? "see its log" : nextStep);
    }
}
