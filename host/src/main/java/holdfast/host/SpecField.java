package holdfast.host;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/// What a [VmSpec] has, and from when on a change of it holds.
enum SpecField {
    IMAGE("image", When.NEVER, VmSpec::image),
    CPUS("cpus", When.NEXT_START, VmSpec::cpus),
    MEMORY("memoryBytes", When.NEXT_START, VmSpec::memoryBytes),
    DISKS("disks", When.NEXT_START, VmSpec::disks),
    APPEND("append", When.NEXT_START, VmSpec::append),
    NETWORK("network", When.NEVER, VmSpec::network),
    PORTS("ports", When.AT_ONCE, VmSpec::ports),
    MOUNTS("mounts", When.NEXT_START, VmSpec::mounts),
    RESTART("restart", When.AT_ONCE, VmSpec::restart);

    /// From when on a change holds.
    enum When {
        /// Also of a machine that runs.
        AT_ONCE,
        /// When the machine begins anew: one that runs does so when it has stopped, one that was saved goes on first.
        NEXT_START,
        /// A machine has it for as long as it is there.
        NEVER
    }

    private final String field;
    private final When when;
    private final Function<VmSpec, Object> value;

    SpecField(String field, When when, Function<VmSpec, Object> value) {
        this.field = field;
        this.when = when;
        this.value = value;
    }

    /// Its name in JSON.
    String field() {
        return field;
    }

    When when() {
        return when;
    }

    /// The names of those that are not the same.
    static List<String> changed(VmSpec one, VmSpec other, When when) {
        return Arrays.stream(values())
                .filter(each -> each.when == when && !each.value.apply(one).equals(each.value.apply(other)))
                .map(SpecField::field)
                .toList();
    }
}
