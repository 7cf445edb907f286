package holdfast.vhdx;

import holdfast.block.ByteSize;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What a VHDX file says of itself.
///
/// @param file as it was named
/// @param size of the disk
/// @param block unit of allocation
/// @param pendingBytes what blocks take that have their place and nothing in it, and are zeroed when they are first written to, as the file was when it was opened
/// @param diskId what a guest may see as the disk's id
/// @param content the data write GUID: another one when what the disk holds has changed
/// @param creator the program that made it
/// @param dirty whether its log has to be replayed, as it has when its last writer did not close it
/// @param damagedCopies what of the file is there twice and damaged once, as it was when it was opened
/// @param parent the parent's name; null when it has none
public record VhdxInfo(
        String file,
        Kind kind,
        ByteSize size,
        ByteSize block,
        long pendingBytes,
        int logicalSectorBytes,
        int physicalSectorBytes,
        UUID diskId,
        UUID content,
        String creator,
        boolean dirty,
        List<String> damagedCopies,
        @Nullable String parent) {

    /// How blocks come to be in the file.
    public enum Kind {
        DYNAMIC,
        FIXED,
        DIFFERENCING
    }
}
