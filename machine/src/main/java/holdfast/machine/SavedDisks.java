package holdfast.machine;

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

    record Disk(String serial, long sizeBytes, DiskDigest digest) {}

    /// Reads the disks' content. While nobody writes to them.
    static SavedDisks of(List<DiskSpec> specs) {
        List<Disk> disks = new ArrayList<>();
        for (DiskSpec spec : specs) {
            long size = spec.device().geometry().sizeBytes();
            disks.add(new Disk(spec.serial(), size, DiskDigest.of(spec.device())));
        }
        return new SavedDisks(disks);
    }

    StateSection section() throws IOException {
        StateWriter out = new StateWriter();
        out.writeInt(disks.size());
        for (Disk disk : disks) {
            out.writeUTF(disk.serial);
            out.writeLong(disk.sizeBytes);
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
            disks.add(new Disk(in.readUTF(), in.readLong(), new DiskDigest(in.readBlob(DIGEST_BYTES))));
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
            if (!Arrays.equals(saved.digest.bytes(), DiskDigest.of(here.device()).bytes())) {
                throw new IOException("disk " + i + " (" + saved.serial + ") was changed since");
            }
        }
    }
}
