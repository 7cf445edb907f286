package holdfast.vhdx;

import java.util.UUID;

/// A part of the file that the region table names.
///
/// @param offset multiple of 1 MiB, at least that
/// @param bytes multiple of 1 MiB
/// @param required whether who does not know the id must not open the file
record Region(UUID id, long offset, long bytes, boolean required) {
    static final UUID BAT = UUID.fromString("2dc27766-f623-4200-9d64-115e9bfd4a08");
    static final UUID METADATA = UUID.fromString("8b7ca206-4790-4b9a-b8fe-575f050f886e");

    long end() {
        return offset + bytes;
    }

    boolean overlaps(long otherOffset, long otherEnd) {
        return offset < otherEnd && otherOffset < end();
    }
}
