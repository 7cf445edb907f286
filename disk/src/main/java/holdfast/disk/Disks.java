package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.vhdx.VhdxDisk;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Opens what an operator has named as a disk, whatever its format.
public final class Disks {
    private Disks() {}

    /// @param parentPath where its parent is, for a differencing disk whose parent is not where it says; null for there
    /// @throws OperatorError when it cannot be opened so; nothing has changed then
    public static BlockDevice open(Path path, Access access, @Nullable Path parentPath) {
        return switch (DiskFormat.of(path)) {
            case RAW -> {
                if (parentPath != null) {
                    throw new OperatorError(path.toString(), "is a raw disk and has no parent", "leave out --parent-path");
                }
                yield DiskStack.isOne(path) ? DiskStack.open(path, access) : RawFile.open(path, access);
            }
            case VHDX -> ProtectedDisk.isOne(path) ? ProtectedDisk.open(path, access, parentPath) : VhdxDisk.open(path, access, parentPath);
        };
    }
}
