package holdfast.machine;

import holdfast.block.BlockDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The section of a saved state that says which disks belong to it, and what was on them.
record SavedDisks(List<Disk> disks) {
    static final String SECTION = "disks";
    static final int VERSION = 1;
    private static final int DISKS_MAX = 256;
    private static final int DIGEST_BYTES = 32;

    /// One disk.
    ///
    /// @param identity what the device calls its content, quick to compare; empty when it cannot tell
    /// @param digest of the content, for a device that cannot tell, or a disk that was copied
    record Disk(String serial, long sizeBytes, String identity, DiskDigest digest) {}

    /// Makes the disks durable and reads their content. While nobody writes to them.
    static SavedDisks of(List<DiskSpec> specs) {
        List<Disk> disks = new ArrayList<>();
        for (DiskSpec spec : specs) {
            BlockDevice device = spec.device();
            DiskDigest.flush(device);
            DiskDigest digest = DiskDigest.of(device);
            disks.add(new Disk(
                    spec.serial(), device.geometry().sizeBytes(), device.identity().orElse(""), digest));
        }
        return new SavedDisks(disks);
    }

    StateSection section() throws IOException {
        StateWriter out = new StateWriter();
        out.writeInt(disks.size());
        for (Disk disk : disks) {
            out.writeUTF(disk.serial);
            out.writeLong(disk.sizeBytes);
            out.writeUTF(disk.identity);
            out.writeBlob(disk.digest.bytes());
        }
        return new StateSection(SECTION, VERSION, true, out.toByteArray());
    }

    static SavedDisks read(StateSection section) throws IOException {
        StateReader in = section.upTo(VERSION).reader();
        int count = in.readInt();
        if (count < 0 || count > DISKS_MAX) {
            throw new IOException(count + " disks");
        }
        List<Disk> disks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            disks.add(new Disk(in.readUTF(), in.readLong(), in.readUTF(), new DiskDigest(in.readBlob(DIGEST_BYTES))));
        }
        return new SavedDisks(disks);
    }

    /// @throws IOException naming the disk that is missing, or is not as it was
    void require(List<DiskSpec> specs) throws IOException {
        if (specs.size() != disks.size()) {
            throw new IOException("it has " + disks.size() + " disks, this machine has " + specs.size());
        }
        for (int i = 0; i < disks.size(); i++) {
            Disk saved = disks.get(i);
            DiskSpec here = specs.get(i);
            if (saved.sizeBytes != here.device().geometry().sizeBytes()) {
                throw new IOException("disk " + i + " (" + saved.serial + ") has another size");
            }
            boolean sameName = !saved.identity.isEmpty()
                    && here.device().identity().orElse("").equals(saved.identity);
            if (!sameName && !Arrays.equals(saved.digest.bytes(), DiskDigest.of(here.device()).bytes())) {
                throw new IOException("disk " + i + " (" + saved.serial + ") was changed since");
            }
        }
    }
}
