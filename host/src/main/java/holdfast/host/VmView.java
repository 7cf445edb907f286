package holdfast.host;

import org.jspecify.annotations.Nullable;

/// What is shown of a machine.
///
/// @param state `creating`, `stopped`, `saved`, `starting`, `running`, `paused`, `ending` or `removing`
/// @param ready whether the guest takes commands
/// @param pid of its process, if it has one
/// @param started when it was started last, in ISO 8601; null while it does not run
/// @param ended how its last run ended; empty if it has not
/// @param directory where it is kept
/// @param address in its network; null when it is in none
/// @param notice what of the running one is not as it was asked for; null when all is
public record VmView(
        String id,
        String name,
        long generation,
        String state,
        boolean ready,
        VmSpec spec,
        @Nullable Long pid,
        String created,
        @Nullable String started,
        String ended,
        String directory,
        @Nullable String address,
        @Nullable String notice) {}
