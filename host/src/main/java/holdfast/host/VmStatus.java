package holdfast.host;

import org.jspecify.annotations.Nullable;

/// What a machine's process says of itself.
///
/// @param state `starting`, `running`, `paused` or `ending`
/// @param ready whether the guest takes commands
/// @param started in ISO 8601
/// @param notice what is not as it was asked for; empty or null when nothing is
/// @param memory where it is asked for
/// @param spec what a machine is made of that a command has in the foreground; else null
/// @param ended why it is ending; null while it is not, and of an older process
record VmStatus(
        long pid, String state, boolean ready, String started, @Nullable String notice, @Nullable VmMemory memory, @Nullable VmSpec spec, @Nullable String ended) {
    VmStatus with(VmMemory now) {
        return new VmStatus(pid, state, ready, started, notice, now, spec, ended);
    }
}
