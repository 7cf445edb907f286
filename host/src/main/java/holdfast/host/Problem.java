package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.host.HostProblem.Kind;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What was wrong, as RFC 9457 has it.
///
/// @param title what kind of thing
/// @param detail all of it in a sentence
/// @param subject an extension: what it is about
/// @param problem an extension: what is wrong with it
/// @param nextStep an extension: what to do now
public record Problem(
        String title, int status, String detail, @Nullable String subject, @Nullable String problem, @Nullable String nextStep) {

    static Problem of(HostProblem e) {
        String title = e.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return new Problem(title, e.kind().status, String.valueOf(e.getMessage()), e.subject(), e.problem(), e.nextStep());
    }

    static Problem of(OperatorError e) {
        return of(new HostProblem(Kind.FAILED, e.subject(), e.problem(), e.nextStep()));
    }

    static Problem of(Exception e) {
        return switch (e) {
            case HostProblem known -> of(known);
            case OperatorError error -> of(error);
            default -> unknown(e);
        };
    }

    private static Problem unknown(Exception e) {
        return of(new HostProblem(Kind.FAILED, "the daemon", "has failed: " + e, "see its log"));
    }

    HostProblem asException() {
        return new HostProblem(
                Kind.of(status),
                subject == null ? "the daemon" : subject,
                problem == null ? detail : problem,
                nextStep == null ? "see its log" : nextStep);
    }
}
