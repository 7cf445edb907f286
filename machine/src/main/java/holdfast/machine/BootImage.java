package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/// Something that can be loaded and started.
sealed interface BootImage permits LinuxImage, ElfImage, RawImage {
    /// Where OpenSBI built for QEMU's `virt` starts its payload, and where a Linux Image lies by its own header.
    long PAYLOAD_OFFSET = 0x20_0000;

    /// Puts it into memory that is zero; where it starts.
    ///
    /// @throws holdfast.block.OperatorError when it is damaged or does not fit
    long load(PhysicalMemory memory);

    /// First guest-physical address after it, its zeroed data included.
    long end();

    /// Recognises a kernel or a payload of firmware.
    ///
    /// @param rawAddress where anything that is not recognised is loaded as raw code; without it that is an error
    /// @throws holdfast.block.OperatorError when it is of no kind that can be started here
    static BootImage recognise(BootFile file, OptionalLong rawAddress) {
        if (file.size() < LinuxImage.HEADER_BYTES) {
            throw file.truncated();
        }
        ByteBuffer head = file.read(0, LinuxImage.HEADER_BYTES);
        if (ElfImage.isOne(head)) {
            return ElfImage.parse(file);
        }
        if (LinuxImage.isOne(head)) {
            return LinuxImage.parse(file, head);
        }
        if (LinuxImage.isOfArm(head)) {
            throw file.unusable("is a kernel for arm64", "name a riscv64 kernel");
        }
        if ((head.getShort(0) & 0xffff) == 0x8b1f) {
            throw file.unusable("is compressed with gzip", "unpack it with gunzip first");
        }
        if (LinuxImage.isCompressedEfi(head)) {
            throw file.unusable("is a compressed EFI kernel", "name the kernel's uncompressed Image");
        }
        if (rawAddress.isEmpty()) {
            throw file.unusable(
                    "is neither a riscv64 Linux Image nor an ELF file", "name a riscv64 kernel, e.g. Debian's /boot/vmlinux-*");
        }
        return new RawImage(file, rawAddress.getAsLong());
    }
}
