package holdfast.cli;

import holdfast.machine.DiskSpec;
import holdfast.machine.PacketPort;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a run boots, found, checked and opened.
///
/// @param title what to call it: the image's name, or the kernel's file
/// @param append the whole kernel command line
/// @param network null: no network device
/// @param persistent whether something the guest writes is still there afterwards
record Boot(
        String title,
        @Nullable Path kernel,
        @Nullable Path initrd,
        String append,
        long memoryBytes,
        List<DiskSpec> disks,
        @Nullable PacketPort network,
        boolean persistent) {}
