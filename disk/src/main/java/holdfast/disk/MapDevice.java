package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests;
import holdfast.block.OperatorError;
import holdfast.block.ProvisionedLayer;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A small disk beside one that is still arriving, by which a driver in the guest takes over what [ProvisionedDevice] does: it reads what the disk is,
/// says that it is there, and has the map from then on.
///
/// ```
///     0  4096  text, with zeros behind it; what is written here is a word: take-over, give-back
/// 65536  …     the map, in the form of PresenceMap, as long as a driver has it; until then it can neither be read nor written
/// ```
///
/// A page of the map that the guest read too early would not be the map any more when it has it; so it is not given. What is written must be sectors of the
/// map, so that nobody can make it one that this cannot read.
public final class MapDevice implements BlockDevice {
    static final int TEXT_BYTES = 4096;
    static final int MAP_OFFSET = 64 << 10;

    private static final int SECTOR_BYTES = ProvisionedLayer.SECTOR_BYTES;
    private static final int QUEUE_DEPTH = 16;
    private static final System.Logger LOG = System.getLogger(MapDevice.class.getName());

    private final ProvisionedDevice disk;
    private final PresenceStore store;
    private final PresenceMap form;
    private final Geometry geometry;
    private final LayeredRequests requests;

    /// @param disk stays open when this is closed
    public MapDevice(ProvisionedDevice disk) {
        this.disk = disk;
        store = disk.store();
        form = new PresenceMap(Math.ceilDiv(disk.geometry().sizeBytes(), (long) store.layer().blockBytes()));
        geometry = new Geometry(
                MAP_OFFSET + (long) form.sectorCount() * SECTOR_BYTES, SECTOR_BYTES, SECTOR_BYTES, disk.geometry().readOnly(), disk.geometry().durable(),
                false, false, QUEUE_DEPTH);
        requests = new LayeredRequests("map", store.file().name() + "'s map", QUEUE_DEPTH);
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    /// The machine begins anew, and its driver is gone.
    public void machineReset() {
        try {
            disk.takeBack();
        } catch (DiskException | OperatorError e) {
            LOG.log(System.Logger.Level.ERROR, store.file().name() + ": nothing of it can be read any more, since its map cannot", e);
        }
    }

    @Override
    public void submit(Request request) {
        if (!requests.admit(request, geometry)) {
            return;
        }
        switch (request) {
            case Request.Read read -> requests.apart(read, () -> read(read));
            case Request.Write write -> requests.apart(write, () -> write(write));
            case Request.Flush flush -> requests.apart(flush, () -> store.file().disk().flush());
            case Request.Extents extents -> {
                extents.extents().accept(new Extent(extents.offset(), extents.length(), true, false));
                requests.finish(extents, IoStatus.OK);
            }
            case Request.Discard _, Request.WriteZeroes _ -> requests.finish(request, IoStatus.UNSUPPORTED);
        }
    }

    private void read(Request.Read read) throws DiskException {
        long end = read.offset() + read.into().byteSize();
        if (end > MAP_OFFSET) {
            requireDriver();
        }
        for (long at = read.offset(); at < end; ) {
            long until = Math.min(end, at < TEXT_BYTES ? TEXT_BYTES : at < MAP_OFFSET ? MAP_OFFSET : end);
            MemorySegment into = read.into().asSlice(at - read.offset(), until - at);
            if (at < TEXT_BYTES) {
                into.copyFrom(MemorySegment.ofArray(text()).asSlice(at, until - at));
            } else if (at < MAP_OFFSET) {
                into.fill((byte) 0);
            } else {
                store.file().disk().read(inFile(at), into);
            }
            at = until;
        }
    }

    private long inFile(long offset) {
        return store.layer().mapOffset() + offset - MAP_OFFSET;
    }

    private void requireDriver() throws DiskException {
        if (!disk.isHandedOver()) {
            throw new DiskException("a map that no driver has", IoStatus.IO_ERROR);
        }
    }

    private byte[] text() {
        ProvisionedLayer layer = store.layer();
        String text = "holdfast map 1\nbrings " + (disk.isHandedOver() ? "guest" : "host") + "\nsize " + disk.geometry().sizeBytes() + "\nblock " + layer.blockBytes()
                + "\nmap " + MAP_OFFSET + "\nimage " + layer.identity() + "\nfrom " + layer.address() + "\n";
        return Arrays.copyOf(text.getBytes(StandardCharsets.UTF_8), TEXT_BYTES);
    }

    private void write(Request.Write write) throws DiskException {
        byte[] bytes = write.from().toArray(ValueLayout.JAVA_BYTE);
        if (write.offset() == 0 && bytes.length <= TEXT_BYTES) {
            obey(new String(bytes, 0, SECTOR_BYTES, StandardCharsets.ISO_8859_1).split("[\n\0]", 2)[0].strip());
            return;
        }
        requireDriver();
        if (write.offset() < MAP_OFFSET) {
            throw new DiskException("what is before the map", IoStatus.OUT_OF_RANGE);
        }
        for (int at = 0; at < bytes.length; at += SECTOR_BYTES) {
            int index = Math.toIntExact((write.offset() - MAP_OFFSET + at) / SECTOR_BYTES);
            var wrong = form.complaint(index, Arrays.copyOfRange(bytes, at, at + SECTOR_BYTES));
            if (wrong.isPresent()) {
                LOG.log(System.Logger.Level.WARNING, store.file().name() + ": a driver in the guest has written what is no map: " + wrong.get());
                throw new DiskException("a sector of the map", IoStatus.IO_ERROR);
            }
        }
        store.file().disk().write(inFile(write.offset()), bytes);
        if (write.forceUnitAccess()) {
            store.file().disk().flush();
        }
    }

    private void obey(String word) throws DiskException {
        switch (word) {
            case "take-over" -> disk.handOver();
            case "give-back" -> giveBack();
            default -> throw new DiskException("a word that is not known", IoStatus.IO_ERROR);
        }
    }

    private void giveBack() throws DiskException {
        try {
            disk.takeBack();
        } catch (OperatorError e) {
            LOG.log(System.Logger.Level.ERROR, e.getMessage());
            throw new DiskException("the map", IoStatus.IO_ERROR);
        }
    }

    @Override
    public Cancellation cancel(Request request) {
        return requests.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return requests.drain(deadlineNanos);
    }

    @Override
    public void close() {
        var _ = requests.close();
    }
}
