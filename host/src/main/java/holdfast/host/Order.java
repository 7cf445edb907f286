package holdfast.host;

import holdfast.image.KernelArguments;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a machine's process is to run: written by the daemon before it starts the process.
///
/// @param token the process's, or it is not the one that is wanted any more
/// @param append the whole command line of the kernel
/// @param disk whether there is one of the image's
/// @param mounts null: an older daemon knows of none
/// @param card address of its network card, in hexadecimal with colons; null: it has none
/// @param base the command line without what the operator has added; null: an older daemon has not kept that
record Order(
        String token,
        String name,
        int cpus,
        long memoryBytes,
        String append,
        List<SpecDisk> disks,
        boolean initrd,
        boolean disk,
        long seed,
        @Nullable String card,
        @Nullable List<SpecMount> mounts,
        @Nullable String base) {

    Order {
        mounts = mounts == null ? List.of() : List.copyOf(mounts);
    }

    Order with(String newToken) {
        return new Order(newToken, name, cpus, memoryBytes, append, disks, initrd, disk, seed, card, mounts, base);
    }

    /// What a machine that begins anew is to run.
    ///
    /// @param spec by now
    /// @param applied what this order was made from
    Order of(VmSpec spec, VmSpec applied) {
        String bare = base == null ? KernelArguments.without(append, applied.append()) : base;
        return new Order(
                token, name, spec.cpus(), spec.memoryBytes(), KernelArguments.with(bare, spec.append()), spec.disks(), initrd, disk, seed, card,
                spec.mounts(), bare);
    }
}
