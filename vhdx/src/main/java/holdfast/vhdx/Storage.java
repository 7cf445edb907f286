package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.util.Arrays;

/// Reads any bytes of a device that wants whole blocks.
final class Storage {
    private Storage() {}

    static byte[] read(Blocking store, long offset, int length) throws DiskException {
        long block = store.device().geometry().logicalBlockBytes();
        long from = offset / block * block;
        long to = Math.ceilDiv(offset + length, block) * block;
        byte[] blocks = store.read(from, (int) (to - from));
        int skipped = (int) (offset - from);
        return Arrays.copyOfRange(blocks, skipped, skipped + length);
    }
}
