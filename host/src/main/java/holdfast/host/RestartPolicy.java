package holdfast.host;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// What becomes of a machine that has ended, when nobody has stopped or saved it.
enum RestartPolicy {
    /// It stays as it is.
    NO,
    /// It starts again when it has failed: its process was killed, its kernel has panicked, or the engine has stopped it.
    ON_FAILURE,
    /// It starts again, also when its guest has switched its power off.
    ALWAYS;

    /// @param name as it is said in a spec: `no`, `on-failure` or `always`
    /// @throws HostProblem when there is none of this name
    static RestartPolicy of(String name) {
        for (RestartPolicy policy : values()) {
            if (policy.toString().equals(name)) {
                return policy;
            }
        }
        String all = Arrays.stream(values()).map(RestartPolicy::toString).collect(Collectors.joining(", "));
        throw new HostProblem(HostProblem.Kind.INVALID, "restart: " + name, "is no policy", "take one of " + all);
    }

    /// @param how it has ended, in the words of [Ended]
    boolean holdsFor(String how) {
        return switch (this) {
            case NO -> false;
            case ON_FAILURE -> Ended.isFailure(how);
            case ALWAYS -> !how.equals(Ended.SAVED) && !how.equals(Ended.POWER_OFF);
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
