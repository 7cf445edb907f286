package holdfast.disk;

import holdfast.block.Blocking;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.ProvisionedLayer;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;

/// The state of a [ProvisionedLayer] in the file of its disk's descriptor: the [PresenceMap].
record PresenceStore(DescriptorFile file, ProvisionedLayer layer) {
    private static final int STEP_BYTES = 1 << 20;

    /// @throws OperatorError when a part of it is damaged
    PresenceMap readMap() throws DiskException {
        long sizeBytes = file.descriptor().sizeBytes();
        var map = new PresenceMap(Math.ceilDiv(sizeBytes, (long) layer.blockBytes()));
        read(map);
        return map;
    }

    /// Lets a map be what the file says, whatever it was.
    ///
    /// @throws OperatorError when a part of it is damaged
    void read(PresenceMap map) throws DiskException {
        map.forget();
        long mapBytes = (long) map.sectorCount() * PresenceMap.SECTOR_BYTES;
        for (long at = 0; at < mapBytes; at += STEP_BYTES) {
            byte[] part = file.disk().read(layer.mapOffset() + at, (int) Math.min(STEP_BYTES, mapBytes - at));
            for (int within = 0; within < part.length; within += PresenceMap.SECTOR_BYTES) {
                int index = (int) ((at + within) / PresenceMap.SECTOR_BYTES);
                map.load(index, Arrays.copyOfRange(part, within, within + PresenceMap.SECTOR_BYTES)).ifPresent(damage -> {
                    throw new OperatorError(file.name(), damage, "restore it, and what has arrived, from a copy of the same time");
                });
            }
        }
    }

    /// Writes sectors of the map, durably, neighbours together.
    void publish(List<PresenceMap.Sector> sectors) throws DiskException {
        Blocking disk = file.disk();
        for (int i = 0; i < sectors.size(); ) {
            var run = new ByteArrayOutputStream();
            int first = i;
            for (; i < sectors.size() && sectors.get(i).index() == sectors.get(first).index() + i - first; i++) {
                run.writeBytes(sectors.get(i).bytes());
            }
            disk.write(layer.mapOffset() + (long) sectors.get(first).index() * PresenceMap.SECTOR_BYTES, run.toByteArray());
        }
        disk.flush();
    }
}
