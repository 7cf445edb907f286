package holdfast.image;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Looks at files that are to be imported before anything is copied.
final class ImportCheck {
    private static final int SECTOR_BYTES = 512;

    /// Documentation/arch/riscv/boot-image-header.rst: "RSC\x05" at 0x38; before version 0.2 of the header "RISCV" at 0x30 was all.
    private static final int MAGIC_AT = 0x38;

    private static final byte[] MAGIC = {'R', 'S', 'C', 5};

    private ImportCheck() {}

    static void check(ImportedFiles files) {
        List<Path> given =
                Stream.of(files.disk(), files.kernel(), files.initrd()).filter(Objects::nonNull).toList();
        if (files.disk() == null && files.kernel() == null) {
            throw new OperatorError("import", "neither a disk nor a kernel", "name at least one of them");
        }
        for (Path file : given) {
            if (!Files.isRegularFile(file)) {
                throw new OperatorError(file.toString(), Files.exists(file) ? "is no file" : "does not exist", "name a file");
            }
        }
        StoreError.guardVoid(given.getFirst(), () -> {
            if (files.kernel() != null) {
                checkKernel(files.kernel());
            }
            if (files.disk() != null) {
                checkDisk(files.disk());
            }
        });
    }

    private static void checkKernel(Path kernel) throws IOException {
        byte[] start = start(kernel);
        if (start.length < MAGIC_AT + MAGIC.length
                || !Arrays.equals(start, MAGIC_AT, MAGIC_AT + MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new OperatorError(
                    kernel.toString(), "is no Linux kernel for riscv64", "name a raw Image (Debian: /boot/vmlinux-*; else arch/riscv/boot/Image)");
        }
    }

    private static void checkDisk(Path disk) throws IOException {
        String magic = new String(start(disk), StandardCharsets.ISO_8859_1);
        if (magic.startsWith("QFI\u00fb") || magic.startsWith("vhdxfile") || magic.startsWith("KDMV")) {
            throw new OperatorError(disk.toString(), "is not a raw disk", "convert it first: qemu-img convert -O raw");
        }
        long size = Files.size(disk);
        if (size == 0 || size % SECTOR_BYTES != 0) {
            throw new OperatorError(disk.toString(), "is no disk: " + size + " bytes are no whole number of sectors", "name a raw disk");
        }
    }

    private static byte[] start(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return in.readNBytes(SECTOR_BYTES);
        }
    }

    static void copy(@Nullable Path from, Path to, Progress progress) throws IOException {
        if (from != null) {
            ContentDigest.copySparse(from, to, progress);
        }
    }
}
