package holdfast.block;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// The file of a [DiskDescriptor], open and locked, and after its two slots the state of the layers. What is written here says
/// durably, before the first change of the disk in an open, that somebody is writing; and when all is in order again, what the
/// storage is then: so that a storage that others have changed meanwhile, or another one, is noticed.
public final class DescriptorFile implements AutoCloseable {
    /// From here on there is the state of the layers.
    public static final long STATE_OFFSET = (long) HeaderSlot.COUNT * HeaderSlot.BYTES;

    private static final int ALL_MAY_READ_AND_WRITE = 0b110_110_110;

    private final BlockDevice device;
    private final Blocking disk;
    private final String name;
    private volatile DiskDescriptor descriptor;

    private DescriptorFile(BlockDevice device, DiskDescriptor descriptor, String name) {
        this.device = device;
        this.name = name;
        this.descriptor = descriptor;
        disk = new Blocking(device);
    }

    /// Makes a file. After a power cut there is a whole one or none.
    ///
    /// @throws OperatorError when there is something at this path, no file can be made there, or names that it has to hold are too long
    public static void create(Path path, DiskDescriptor descriptor) throws DiskException {
        if (!descriptor.hasRoom()) {
            throw new OperatorError(path.toString(), "has no room for names as long as those of what the disk is made of", "use shorter ones, such as a link");
        }
        WholeFile.make(path, descriptor.fileBytes(), ALL_MAY_READ_AND_WRITE, device -> format(device, descriptor, path.toString()));
    }

    /// Opens and locks a file.
    ///
    /// @throws OperatorError when it is not there, in use, damaged, or says what is not known here; for writing also when it is full
    public static DescriptorFile open(Path path, Access access) throws DiskException {
        RawFile file = RawFile.open(path, access);
        try {
            DescriptorFile found = read(file, path.toString());
            if (access == Access.READ_WRITE && !found.descriptor.hasRoom()) {
                throw new OperatorError(
                        found.name, "is a disk descriptor that is full: there is no room for what a writer has to note",
                        "use the version of Holdfast that made it; nothing was changed");
            }
            return found;
        } catch (DiskException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// What a file says at this moment, whoever has it open. One of its two slots is whole whenever it is looked at.
    ///
    /// @throws OperatorError when it is not there, damaged, or says what is not known here
    public static Optional<DiskDescriptor> peek(Path path) throws DiskException {
        try (RawFile file = RawFile.peek(path)) {
            return descriptorIn(file, path.toString());
        }
    }

    /// Removes a file, durably. The disk does without it from now on.
    public static void remove(Path path) {
        WholeFile.remove(path);
        WholeFile.syncDirectory(path);
    }

    /// Makes durable what a file is called, or that a name is gone.
    public static void syncName(Path path) {
        WholeFile.syncDirectory(path);
    }

    /// Removes a file that is of no use, if it is there.
    public static void discard(Path path) {
        WholeFile.remove(path);
    }

    /// Makes a device that reads as zeros a descriptor's, with layers that have no state yet. After a power cut in the midst of
    /// this it is either whole, or none.
    public static DescriptorFile format(BlockDevice device, DiskDescriptor descriptor, String name) throws DiskException {
        var file = new DescriptorFile(device, descriptor, name);
        file.reserve(STATE_OFFSET, descriptor.fileBytes());
        file.disk.flush();
        file.put(descriptor);
        // In both slots, so that damage to one is never the end of it.
        file.put(descriptor.next(descriptor.sizeBytes(), descriptor.closed(), descriptor.storage()));
        return file;
    }

    /// State gets its space when it is made, so that a full file system never keeps a flush from finishing.
    private void reserve(long from, long to) throws DiskException {
        disk.await(done -> new Request.WriteZeroes(from, to - from, false, false, false, done));
    }

    private static byte[] slots(BlockDevice device) throws DiskException {
        int bytes = (int) STATE_OFFSET;
        return device.geometry().sizeBytes() < bytes ? new byte[bytes] : new Blocking(device).read(0, bytes);
    }

    /// Whether a device begins as a descriptor's does, of whatever version.
    public static boolean isOne(BlockDevice device) throws DiskException {
        return DiskDescriptor.isIn(slots(device));
    }

    /// The descriptor that a device begins with, if any.
    ///
    /// @throws OperatorError when it says what is not known here, or is not whole
    public static Optional<DiskDescriptor> descriptorIn(BlockDevice device, String name) throws DiskException {
        return isOne(device) ? Optional.of(read(device, name).descriptor()) : Optional.empty();
    }

    /// Finds what [#format] made.
    ///
    /// @throws OperatorError when it is not there, not whole, or says what is not known here
    public static DescriptorFile read(BlockDevice device, String name) throws DiskException {
        DiskDescriptor descriptor = DiskDescriptor.parse(slots(device), name);
        if (descriptor.fileBytes() > device.geometry().sizeBytes()) {
            throw new OperatorError(name, "has been cut short", "restore it from a copy");
        }
        return new DescriptorFile(device, descriptor, name);
    }

    public DiskDescriptor descriptor() {
        return descriptor;
    }

    public String name() {
        return name;
    }

    public Blocking disk() {
        return disk;
    }

    /// Whether the slot that does not count is no descriptor: torn by a power cut, or damaged since.
    public boolean hasDamagedSlot() throws DiskException {
        int other = (int) (STATE_OFFSET - HeaderSlot.BYTES - descriptor.slotOffset());
        byte[] slot = disk.read(other, HeaderSlot.BYTES);
        boolean unused = descriptor.sequence() == 1 && Arrays.equals(slot, new byte[HeaderSlot.BYTES]);
        return !unused && !DiskDescriptor.isWhole(slot);
    }

    /// Puts right what can be without guessing: a damaged slot, and what the last writer did not note, since he did not close the
    /// disk in order. Whatever a power cut leaves of this is the same disk.
    ///
    /// @return what was done, each a sentence without a subject
    public synchronized List<String> repair(BlockDevice storage) throws DiskException {
        var done = new ArrayList<String>();
        if (hasDamagedSlot()) {
            put(descriptor.next(descriptor.sizeBytes(), descriptor.closed(), descriptor.storage()));
            done.add("wrote the damaged one of its descriptor's two copies anew");
        }
        if (!descriptor.closed()) {
            new Blocking(storage).flush();
            finish(StorageLayer.fingerprintOf(storage));
            done.add("noted what its storage is, as its last writer did not");
        }
        return done;
    }

    /// @param storageName what the operator calls it
    /// @throws OperatorError when the storage is not the one that this is of, or has been changed by others since
    public void checkStorage(BlockDevice storage, String storageName) throws DiskException {
        Geometry geometry = storage.geometry();
        DiskDescriptor known = descriptor;
        if (geometry.sizeBytes() < known.sizeBytes() || geometry.logicalBlockBytes() > known.logicalBlockBytes()) {
            throw new OperatorError(
                    storageName,
                    "is smaller than the disk in it (" + new ByteSize(known.sizeBytes()) + "), or has larger sectors",
                    "bring back the storage that " + name + " is the descriptor of");
        }
        String then = known.storage().fingerprint();
        String now = known.closed() ? StorageLayer.fingerprintOf(storage) : then;
        if (!now.equals(then)) {
            throw new OperatorError(
                    storageName,
                    "is not what it was when " + name + " was closed (then " + then + ", now " + now
                            + "): another program has changed it, or it is another one",
                    "bring back both as they were");
        }
    }

    /// Notes durably that the storage changes from now on.
    public synchronized void begin() throws DiskException {
        if (descriptor.closed()) {
            put(descriptor.next(descriptor.sizeBytes(), false, descriptor.storage().fingerprint("")));
        }
    }

    /// Notes durably what the storage is, after its last change.
    public synchronized void finish(String fingerprint) throws DiskException {
        if (!descriptor.closed()) {
            put(descriptor.next(descriptor.sizeBytes(), true, descriptor.storage().fingerprint(fingerprint)));
        }
    }

    /// Notes durably that the storage agrees with its journal, which ends at this sequence.
    public synchronized void agree(String fingerprint, long journalSequence) throws DiskException {
        put(descriptor.agreedNext(fingerprint, journalSequence));
    }

    /// Notes durably that the disk goes on without its journal.
    public synchronized void journalEnded() throws DiskException {
        put(descriptor.endedNext());
    }

    /// Notes durably what is done with the journal from now on, or where it is.
    ///
    /// @throws OperatorError when there is no room for that
    public synchronized void journalChanged(UnaryOperator<JournalLayer> change) throws DiskException {
        DiskDescriptor next = descriptor.journalNext(change);
        if (!next.hasRoom()) {
            throw new OperatorError(name, "has no room for names as long as those of what the disk is made of", "use shorter ones, such as a link");
        }
        put(next);
    }

    /// Notes durably that the storage will not bear the id any more.
    public synchronized void unmark() throws DiskException {
        put(descriptor.next(descriptor.sizeBytes(), descriptor.closed(), descriptor.storage().unmarked()));
    }

    /// Notes durably that all of a provisioned disk has arrived: it needs its repository no more.
    public synchronized void arrived() throws DiskException {
        put(descriptor.arrivedNext());
    }

    /// Notes durably where the repository of a provisioned disk is from now on.
    public synchronized void moved(String address) throws DiskException {
        put(descriptor.movedNext(address));
    }

    /// Notes durably that the disk is larger. The storage is.
    ///
    /// @throws OperatorError when this has no room to grow
    synchronized void grow(long sizeBytes) throws DiskException {
        DiskDescriptor next = descriptor.next(sizeBytes, false, descriptor.storage().fingerprint(""));
        long before = descriptor.fileBytes();
        if (next.fileBytes() > before) {
            if (next.fileBytes() > device.geometry().sizeBytes()) { // a cut may have left it longer
                device.grow(next.fileBytes());
            }
            reserve(before, next.fileBytes());
            disk.flush();
        }
        put(next);
    }

    private void put(DiskDescriptor next) throws DiskException {
        disk.write(next.slotOffset(), next.encode());
        disk.flush();
        descriptor = next;
    }

    @Override
    public void close() {
        device.close();
    }
}
