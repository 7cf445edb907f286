package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.nio.ByteBuffer;

/// A riscv64 Linux Image (Linux' Documentation/arch/riscv/boot-image-header.rst).
///
/// @param textOffset where it wants to lie, from the start of memory
/// @param imageSize memory it needs, with what is zero at its end
record LinuxImage(BootFile file, long textOffset, long imageSize) implements BootImage {
    static final int HEADER_BYTES = 64;
    private static final int MAGIC2_AT = 56;
    private static final int MAGIC2_RISCV = 0x05435352;
    private static final int MAGIC2_ARM64 = 0x644d5241;
    private static final int ZBOOT = 0x676d697a;
    private static final long FLAG_BIG_ENDIAN = 1;

    static boolean isOne(ByteBuffer head) {
        return head.getInt(MAGIC2_AT) == MAGIC2_RISCV;
    }

    static boolean isOfArm(ByteBuffer head) {
        return head.getInt(MAGIC2_AT) == MAGIC2_ARM64;
    }

    /// "MZ", then "zimg" at offset 4.
    static boolean isCompressedEfi(ByteBuffer head) {
        return (head.getShort(0) & 0xffff) == 0x5a4d && head.getInt(4) == ZBOOT;
    }

    static LinuxImage parse(BootFile file, ByteBuffer head) {
        long textOffset = head.getLong(8);
        long imageSize = head.getLong(16);
        if ((head.getLong(24) & FLAG_BIG_ENDIAN) != 0) {
            throw file.unusable("is a big-endian kernel", "name a little-endian one");
        }
        if (textOffset < 0 || textOffset % 4096 != 0 || imageSize <= 0 || imageSize > 1L << 40 || textOffset > 1L << 40) {
            throw file.unusable("has a damaged header", "get the whole file again");
        }
        // The file leaves out only what is zero at the end; that is a small part of any kernel.
        if (file.size() < imageSize / 2) {
            throw file.truncated();
        }
        return new LinuxImage(file, textOffset, Math.max(imageSize, file.size()));
    }

    @Override
    public long load(PhysicalMemory memory) {
        long start = AddressMap.RAM + textOffset;
        if (!memory.contains(start, imageSize)) {
            throw file.tooBig();
        }
        file.load(0, file.size(), memory, start);
        return start;
    }

    @Override
    public long end() {
        return AddressMap.RAM + textOffset + imageSize;
    }
}
