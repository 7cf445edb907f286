package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.DescriptorFile;
import java.nio.file.Path;

/// Stand-ins for calls of this module, each wrong in one way; [MutantsTest] puts them in place.
final class Broken {
    private Broken() {}

    /// The storage is taken to be what it was.
    static void checkStorage(DescriptorFile file, BlockDevice storage, String storageName) {}

    /// The file is taken to be the one that the descriptor is of.
    static void checkMark(Path storage, DescriptorFile file) {}

    /// An image by itself is taken to be the disk.
    static void refuseMarked(Path image) {}
}
