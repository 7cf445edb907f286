package holdfast.host;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What one who asks may do: each role may do what those before it may.
public enum Role {
    /// Looks, and changes nothing.
    VIEWER,
    /// Makes machines from images, acts on machines, and runs commands in them.
    OPERATOR,
    /// Everything, also what reaches beyond the machines: files of the host, and the daemon itself.
    ADMIN;

    /// @param name in small letters
    /// @throws HostProblem when there is none of this name
    static Role of(@Nullable String name) {
        for (Role role : values()) {
            if (role.toString().equals(name)) {
                return role;
            }
        }
        throw new HostProblem(HostProblem.Kind.INVALID, "role " + name, "is none", "take viewer, operator or admin");
    }

    boolean includes(Role other) {
        return compareTo(other) >= 0;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
