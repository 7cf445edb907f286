package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Gives space of a file back to the host while nobody uses the disk: blocks that hold nothing but zeros lose their places, and
/// what no block lies in becomes a hole. The file stays as long as it is, and the disk what it is: its content keeps its
/// identifier, so that disks over it still fit.
public final class Compaction {
    private Compaction() {}

    /// @param parentPath where the disk's parent is; null for where it says
    /// @throws OperatorError when it cannot be opened or written, or is one that keeps its space
    public static void run(Path path, @Nullable Path parentPath) {
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, parentPath)) {
            if (disk.layers().getFirst().kind() == VhdxInfo.Kind.FIXED) {
                throw new OperatorError(path.toString(), "is a fixed disk, which keeps its space", "copy it: holdfast disk convert");
            }
            disk.compact();
        } catch (DiskException e) {
            throw new OperatorError(path.toString(), "cannot be written (" + e.status() + ")", "look after the storage it is on");
        }
    }
}
