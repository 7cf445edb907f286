package holdfast.image;

import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// A file of a package.
///
/// @param path relative to the root, `a/b/c`; empty for the root itself
/// @param mode permission bits
/// @param target where a link leads: a path like `path` for a hard link, any text for a symbolic one, else empty
/// @param size bytes of a regular file's content
record DebEntry(String path, Type type, int mode, String target, long size) {
    enum Type {
        FILE,
        DIRECTORY,
        SYMBOLIC_LINK,
        HARD_LINK
    }

    /// What a tar header says; empty when it is nothing that a package may have: a path that leaves the root, a device.
    static Optional<DebEntry> of(TarArchiveEntry header) {
        Optional<String> path = plain(header.getName());
        Optional<Type> type = type(header);
        Optional<String> target = switch (type.orElse(Type.FILE)) {
            case HARD_LINK -> plain(header.getLinkName());
            case SYMBOLIC_LINK -> Optional.of(header.getLinkName()).filter(text -> text.indexOf('\0') < 0);
            case FILE, DIRECTORY -> Optional.of("");
        };
        if (path.isEmpty() || type.isEmpty() || target.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new DebEntry(path.get(), type.get(), header.getMode() & 07777, target.get(), header.getSize()));
    }

    private static Optional<Type> type(TarArchiveEntry header) {
        if (header.isDirectory()) {
            return Optional.of(Type.DIRECTORY);
        } else if (header.isSymbolicLink()) {
            return Optional.of(Type.SYMBOLIC_LINK);
        } else if (header.isLink()) {
            return Optional.of(Type.HARD_LINK);
        }
        byte flag = header.getLinkFlag();
        return flag == TarConstants.LF_NORMAL || flag == TarConstants.LF_OLDNORM ? Optional.of(Type.FILE) : Optional.empty();
    }

    /// `./a/b/` as `a/b`; empty when it is absolute, has `..` or a NUL.
    private static Optional<String> plain(String name) {
        if (name.startsWith("/") || name.indexOf('\0') >= 0) {
            return Optional.empty();
        }
        var path = new StringBuilder();
        for (String part : name.split("/")) {
            if (part.equals("..")) {
                return Optional.empty();
            }
            if (!part.isEmpty() && !part.equals(".")) {
                path.append(path.isEmpty() ? "" : "/").append(part);
            }
        }
        return Optional.of(path.toString());
    }
}
