package holdfast.cli;

import holdfast.block.BlockDevice;
import holdfast.image.Image;
import holdfast.machine.DiskSpec;
import holdfast.machine.PacketPort;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a run boots, found, checked and opened.
///
/// @param title what to call it: the image's name, or the kernel's file
/// @param image where it comes from; null when the user brought everything
/// @param append the whole kernel command line
/// @param rootDisk the image's disk as this run's guest sees and changes it, the first of `disks`; null when there is none
/// @param network null: no network device
/// @param mac the network device's address
/// @param seed of everything pseudo-random
/// @param persistent whether something the guest writes is still there afterwards
record Boot(
        String title,
        @Nullable Image image,
        @Nullable Path kernel,
        @Nullable Path initrd,
        String append,
        long memoryBytes,
        List<DiskSpec> disks,
        @Nullable BlockDevice rootDisk,
        @Nullable PacketPort network,
        long mac,
        long seed,
        boolean persistent) {}
