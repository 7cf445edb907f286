package holdfast.machine;

import holdfast.block.BlockDevice;

/// A disk of the machine.
///
/// @param device the disk; the machine uses it while it lives and does not close it
/// @param serial what the guest sees under `/sys/block/vdX/serial`, at most 20 ASCII characters
public record DiskSpec(BlockDevice device, String serial) {
    private static final int SERIAL_MAX = 20;

    public DiskSpec {
        if (serial.length() > SERIAL_MAX || !serial.chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
            throw new IllegalArgumentException("a disk's serial has at most 20 printable ASCII characters: " + serial);
        }
    }
}
