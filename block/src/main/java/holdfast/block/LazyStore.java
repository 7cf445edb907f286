package holdfast.block;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/// The state of a [LazyLayer] in the file of its disk's descriptor: the [LazyMap].
final class LazyStore implements AutoCloseable {
    private static final int STEP_BYTES = 1 << 20;

    private final DescriptorFile file;
    private final LazyLayer layer;

    LazyStore(DescriptorFile file, LazyLayer layer) {
        this.file = file;
        this.layer = layer;
    }

    DescriptorFile file() {
        return file;
    }

    DiskDescriptor descriptor() {
        return file.descriptor();
    }

    LazyLayer layer() {
        return layer;
    }

    String name() {
        return file.name();
    }

    /// @throws OperatorError when a part of it is damaged
    LazyMap readMap() throws DiskException {
        long sizeBytes = descriptor().sizeBytes();
        var map = new LazyMap(layer.blockBytes(), sizeBytes);
        long mapBytes = layer.stateEnd(sizeBytes) - layer.mapOffset();
        for (long at = 0; at < mapBytes; at += STEP_BYTES) {
            byte[] part = file.disk().read(layer.mapOffset() + at, (int) Math.min(STEP_BYTES, mapBytes - at));
            for (int within = 0; within < part.length; within += LazyMap.SECTOR_BYTES) {
                int index = (int) ((at + within) / LazyMap.SECTOR_BYTES);
                map.load(index, Arrays.copyOfRange(part, within, within + LazyMap.SECTOR_BYTES)).ifPresent(damage -> {
                    throw new OperatorError(name(), damage, "restore it, and the storage, from a copy of the same time");
                });
            }
        }
        return map;
    }

    /// Writes sectors of the map, durably, neighbours together.
    void publish(List<LazyMap.Sector> sectors) throws DiskException {
        Blocking disk = file.disk();
        for (int i = 0; i < sectors.size(); ) {
            var run = new ByteArrayOutputStream();
            int first = i;
            for (; i < sectors.size() && sectors.get(i).index() == sectors.get(first).index() + i - first; i++) {
                run.writeBytes(sectors.get(i).bytes());
            }
            try (Arena arena = Arena.ofShared()) {
                MemorySegment bytes = arena.allocate(run.size()).copyFrom(MemorySegment.ofArray(run.toByteArray()));
                disk.write(layer.mapOffset() + sectors.get(first).offset(), bytes);
            }
        }
        disk.flush();
    }

    @Override
    public void close() {
        file.close();
    }
}
