package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.ProvisionedLayer;
import holdfast.block.RawFile;
import holdfast.vhdx.NewVhdx;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/// What makes a provisioned disk another one than its image: its modified blocks, as a VHDX disk over that image.
public final class DiskDelta {
    private static final int STEP_BYTES = 1 << 20;

    private final PresenceMap map;
    private final int blockBytes;
    private final long sizeBytes;

    private DiskDelta(PresenceMap map, int blockBytes, long sizeBytes) {
        this.map = map;
        this.blockBytes = blockBytes;
        this.sizeBytes = sizeBytes;
    }

    /// Writes a new file that reads as the disk does.
    ///
    /// @param disk provisioned from a VHDX file, and used by nobody
    /// @throws OperatorError when it is no such disk, the image is not what it was, or the file cannot be made; nothing is left behind then
    public static void write(Path disk, Path out) {
        if (DiskFormat.ofNew(out, null) != DiskFormat.VHDX) {
            throw new OperatorError(out.toString(), "would be a raw disk, and what has been modified is a VHDX disk over the image", "name it *.vhdx");
        }
        if (Files.exists(out)) {
            throw new OperatorError(out.toString(), "is there already", "remove it first, or choose another name");
        }
        if (!Provisioning.isArriving(disk)) {
            throw new OperatorError(
                    disk.toString(), "is not arriving: what has been modified is noted until all of a disk has arrived", "copy it: holdfast disk convert");
        }
        try (DescriptorFile file = DescriptorFile.open(DiskStack.descriptorOf(disk), Access.READ_ONLY)) {
            write(disk, file, file.descriptor().provisioned().orElseThrow(), out);
        } catch (DiskException e) {
            throw DiskStack.unreadable(disk, e);
        }
    }

    private static void write(Path disk, DescriptorFile file, ProvisionedLayer layer, Path out) throws DiskException {
        if (layer.arrived()) {
            throw new OperatorError(disk.toString(), "has arrived, and nobody notes any more what is modified", "copy it: holdfast disk convert");
        }
        Path image = imageOf(layer);
        Path storagePath = Provisioning.storageOf(disk, layer);
        try (RawFile storage = RawFile.open(storagePath, Access.READ_ONLY)) {
            file.checkStorage(storage, storagePath.toString());
            PresenceMap map = new PresenceStore(file, layer).readMap();
            new DiskDelta(map, layer.blockBytes(), file.descriptor().sizeBytes()).write(storage, image, out);
        }
    }

    /// The image, as it was.
    private static Path imageOf(ProvisionedLayer layer) throws DiskException {
        ImageSource source = ImageSource.of(layer.address());
        if (!(source instanceof ImageSource.InFile(Path path)) || DiskFormat.of(path) != DiskFormat.VHDX) {
            throw new OperatorError(
                    layer.address(), "is no VHDX file of this host, and so no other can lie over it", "copy the whole disk: holdfast disk convert");
        }
        try (BlockDevice image = source.connect()) {
            String now = ImageIdentity.of(image);
            if (!now.equals(layer.identity())) {
                throw new OperatorError(layer.address(), "is not the image that it was (then " + layer.identity() + ", now " + now + ")", "bring it back");
            }
        }
        return path;
    }

    /// Under another name until it is whole.
    private void write(RawFile storage, Path image, Path out) throws DiskException {
        Path unfinished = out.resolveSibling("." + out.getFileName() + ".new-" + UUID.randomUUID() + ".vhdx");
        try {
            NewVhdx.createOver(unfinished, image);
            try (BlockDevice delta = Disks.open(unfinished, Access.READ_WRITE, null)) {
                copyModified(new Blocking(storage), new Blocking(delta));
            }
            Files.createLink(out, unfinished);
            DescriptorFile.syncName(out);
        } catch (DiskException e) {
            throw e;
        } catch (IOException e) {
            throw new OperatorError(out.toString(), "cannot be made (" + e.getMessage() + ")", "choose another place");
        } finally {
            DescriptorFile.discard(unfinished);
        }
    }

    private void copyModified(Blocking from, Blocking to) throws DiskException {
        long blocks = Math.ceilDiv(sizeBytes, (long) blockBytes);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(STEP_BYTES);
            for (long at = 0; at < blocks; ) {
                PresenceMap.Run run = map.run(at, blocks);
                if (run.state() == PresenceMap.State.MODIFIED) {
                    copy(from, to, at * blockBytes, Math.min(sizeBytes, run.end() * blockBytes), buffer);
                }
                at = run.end();
            }
        }
        to.flush();
    }

    private static void copy(Blocking from, Blocking to, long first, long end, MemorySegment buffer) throws DiskException {
        for (long at = first; at < end; at += STEP_BYTES) {
            MemorySegment part = buffer.asSlice(0, Math.min(STEP_BYTES, end - at));
            from.read(at, part);
            to.write(at, part);
        }
    }
}
