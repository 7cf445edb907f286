package holdfast.testkit;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/// Decides whether a test annotated with [Needs] can run on this machine.
final class NeedsCondition implements ExecutionCondition {

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return AnnotationSupport.findAnnotation(context.getElement(), Needs.class)
                .map(needs -> judge(
                        Arrays.stream(needs.value()).map(Peer::named).toList(),
                        peer -> peer.find().isPresent(),
                        "true".equals(System.getenv("CI"))))
                .orElseGet(() -> ConditionEvaluationResult.enabled("needs no peer"));
    }

    static ConditionEvaluationResult judge(List<Peer> peers, Predicate<Peer> present, boolean mustHaveAll) {
        List<Peer> missing = peers.stream().filter(present.negate()).toList();
        if (missing.isEmpty()) {
            return ConditionEvaluationResult.enabled("every peer is here");
        }
        String reason = "needs " + missing.stream().map(Peer::name).collect(Collectors.joining(", "))
                + " (apt-get install "
                + missing.stream().map(Peer::debianPackage).distinct().collect(Collectors.joining(" ")) + ")";
        if (mustHaveAll) {
            throw new AssertionError(reason + "; with CI=true a missing peer is a failure");
        }
        return ConditionEvaluationResult.disabled(reason);
    }
}
