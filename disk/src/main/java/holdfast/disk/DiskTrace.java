package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.ProvisionedLayer;
import java.nio.file.Path;

/// Writes down which parts of its image a disk has needed so far.
public final class DiskTrace {
    private DiskTrace() {}

    /// @param disk provisioned, and used by nobody
    /// @throws OperatorError when it is no such disk, or the file cannot be made
    public static void write(Path disk, Path trace) {
        if (!Provisioning.isArriving(disk)) {
            throw new OperatorError(disk.toString(), "is not arriving, and nobody knows what of it was needed", "provision a disk from the image, use it, and trace that");
        }
        try (DescriptorFile file = DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_ONLY)) {
            ProvisionedLayer layer = file.descriptor().provisioned().orElseThrow();
            PresenceMap map = new PresenceStore(file, layer).readMap();
            ImageTrace.of(map, layer.identity(), layer.blockBytes(), file.descriptor().sizeBytes()).write(trace);
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }
}
