package holdfast.disk;

import holdfast.block.Access;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.vhdx.VhdxDisk;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What the bytes of a disk image mean.
public enum DiskFormat {
    /// Byte n of the file is byte n of the disk.
    RAW("raw"),
    VHDX("VHDX");

    private final String title;

    DiskFormat(String title) {
        this.title = title;
    }

    private static final List<String> RAW_SUFFIXES = List.of(".raw", ".img");
    private static final List<String> VHDX_SUFFIXES = List.of(".vhdx", ".avhdx");

    /// Recognises a file by how it begins.
    ///
    /// A guest can write whatever it likes to the beginning of a raw disk, also the beginning of a file that names others of
    /// this host as its parents. So what begins as a VHDX file is taken for one only if its name agrees.
    ///
    /// @throws OperatorError when it cannot be opened, or content and name do not go together
    public static DiskFormat of(Path path) {
        if (Provisioning.isArriving(path)) {
            return RAW;
        }
        boolean vhdx;
        try (RawFile file = RawFile.open(path, Access.READ_ONLY)) {
            vhdx = VhdxDisk.isVhdx(file);
        } catch (DiskException e) {
            throw new OperatorError(path.toString(), "cannot be read (" + e.status() + ")", "look after the storage it is on");
        }
        return of(path.toString(), String.valueOf(path.getFileName()), vhdx);
    }

    /// The same by what is known of it.
    ///
    /// @param subject what the operator calls it
    /// @param name that of the file
    /// @param vhdx whether it begins as a VHDX file
    static DiskFormat of(String subject, String name, boolean vhdx) {
        if (!vhdx && hasSuffix(name, VHDX_SUFFIXES)) {
            throw new OperatorError(subject, "is no VHDX file, though it is named as one", "restore it from a copy, or rename it");
        }
        if (!vhdx || hasSuffix(name, RAW_SUFFIXES)) {
            return RAW;
        }
        if (!hasSuffix(name, VHDX_SUFFIXES)) {
            throw new OperatorError(
                    subject,
                    "begins as a VHDX file does, and is not named as one",
                    "name it *.vhdx if it is; name it *.raw if it is a disk on which a guest has written that");
        }
        return VHDX;
    }

    /// What a new file is to be, such that [#of] takes it for that afterwards.
    ///
    /// @param wanted null for what its name says
    /// @throws OperatorError when the name says nothing, or something else
    public static DiskFormat ofNew(Path path, @Nullable DiskFormat wanted) {
        boolean namedRaw = hasSuffix(path, RAW_SUFFIXES);
        boolean namedVhdx = hasSuffix(path, VHDX_SUFFIXES);
        if (wanted == null && !namedRaw && !namedVhdx) {
            throw new OperatorError(
                    path.toString(), "does not say by its name which kind of disk it is to be", "name it *.vhdx or *.raw, or say --format raw");
        }
        DiskFormat format = wanted != null ? wanted : namedRaw ? RAW : VHDX;
        return switch (format) {
            case RAW -> named(path, !namedVhdx && !DiskStack.isNamedAsDescriptor(path), RAW, "*.raw");
            case VHDX -> named(path, namedVhdx, VHDX, "*.vhdx");
        };
    }

    private static DiskFormat named(Path path, boolean right, DiskFormat format, String name) {
        if (!right) {
            throw new OperatorError(path.toString(), "would not be taken for a " + format.title + " disk under this name", "name it " + name);
        }
        return format;
    }

    private static boolean hasSuffix(Path path, List<String> suffixes) {
        return hasSuffix(String.valueOf(path.getFileName()), suffixes);
    }

    private static boolean hasSuffix(String name, List<String> suffixes) {
        return suffixes.stream().anyMatch(name.toLowerCase(Locale.ROOT)::endsWith);
    }
}
