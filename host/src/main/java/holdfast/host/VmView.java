package holdfast.host;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is shown of a machine.
///
/// @param state `creating`, `stopped`, `saved`, `starting`, `running`, `paused`, `unresponsive`, `ending` or `removing`
/// @param ready whether the guest takes commands
/// @param pid of its process, if it has one
/// @param started when it was started last, in ISO 8601; null while it does not run
/// @param ended how its last run ended; empty if it has not
/// @param directory where it is kept
/// @param address in its network; null when it is in none
/// @param notice what of the running one is not as it was asked for; null when all is
/// @param specGeneration one more with each change of its name or its spec
/// @param pending what its spec says and it does not have before it begins anew, by the names in the spec
/// @param restarting whether it has ended and is to be started again, as its policy says
/// @param foreground whether a command (`holdfast run`) has it, with which it ends
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
        @Nullable String notice,
        long specGeneration,
        List<String> pending,
        boolean restarting,
        boolean foreground) {
    /// An older daemon says nothing of what is pending.
    public VmView(
            String id, String name, long generation, String state, boolean ready, VmSpec spec, @Nullable Long pid, String created,
            @Nullable String started, String ended, String directory, @Nullable String address, @Nullable String notice, long specGeneration,
            @Nullable List<String> pending, boolean restarting, boolean foreground) {
        this.id = id;
        this.name = name;
        this.generation = generation;
        this.state = state;
        this.ready = ready;
        this.spec = spec;
        this.pid = pid;
        this.created = created;
        this.started = started;
        this.ended = ended;
        this.directory = directory;
        this.address = address;
        this.notice = notice;
        this.specGeneration = specGeneration;
        this.pending = pending == null ? List.of() : List.copyOf(pending);
        this.restarting = restarting;
        this.foreground = foreground;
    }
}
