package holdfast.cli;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// A file, or a directory with all that is in it, as a stream that goes to a guest's tar or comes from it.
final class TarTree {
    /// What its root is called in a stream that is made here.
    static final String ROOT = "holdfast-copy";

    private static final int MODE_BITS = 07777;
    private static final PosixFilePermission[] PERMISSIONS = {
        PosixFilePermission.OTHERS_EXECUTE, PosixFilePermission.OTHERS_WRITE, PosixFilePermission.OTHERS_READ,
        PosixFilePermission.GROUP_EXECUTE, PosixFilePermission.GROUP_WRITE, PosixFilePermission.GROUP_READ,
        PosixFilePermission.OWNER_EXECUTE, PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_READ
    };

    private TarTree() {}

    /// Writes it all: root's, with its modes and times; links inside it stay links.
    ///
    /// @throws OperatorError when there is something that is neither file, directory nor symbolic link
    static void pack(Path source, OutputStream out) throws IOException {
        Path root = source.toRealPath();
        try (var tar = new TarArchiveOutputStream(out, StandardCharsets.UTF_8.name())) {
            // Both are understood by busybox, too.
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) throws IOException {
                    return put(directory, attributes);
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    return put(file, attributes);
                }

                private FileVisitResult put(Path file, BasicFileAttributes attributes) throws IOException {
                    String name = file.equals(root) ? ROOT : ROOT + "/" + root.relativize(file);
                    pack(tar, file, name, attributes);
                    return FileVisitResult.CONTINUE;
                }
            });
        }
    }

    private static void pack(TarArchiveOutputStream tar, Path file, String name, BasicFileAttributes attributes) throws IOException {
        TarArchiveEntry entry;
        if (attributes.isSymbolicLink()) {
            entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
            entry.setLinkName(Files.readSymbolicLink(file).toString());
        } else if (attributes.isDirectory()) {
            entry = new TarArchiveEntry(name + "/", TarConstants.LF_DIR);
        } else if (attributes.isRegularFile()) {
            entry = new TarArchiveEntry(name, TarConstants.LF_NORMAL);
            entry.setSize(attributes.size());
        } else {
            throw new OperatorError(file.toString(), "is neither a file, a directory nor a link", "copy the rest without it");
        }
        entry.setMode((Integer) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS) & MODE_BITS);
        entry.setModTime(attributes.lastModifiedTime());
        tar.putArchiveEntry(entry);
        if (attributes.isRegularFile()) {
            try (InputStream in = Files.newInputStream(file)) {
                in.transferTo(tar);
            }
        }
        tar.closeArchiveEntry();
    }

    private record Made(Path directory, TarArchiveEntry entry) {}

    /// Reads what a guest says is one tree. Nobody trusts it: nothing is made but below `root`, no link is followed, and nothing but files, directories
    /// and links is made; permissions are kept, but of set-user-id and its like.
    ///
    /// @param root is made; nothing is there yet
    /// @throws IOException when it is damaged, or is something that no tar makes of one tree
    static void unpack(InputStream in, Path root) throws IOException {
        Deque<Made> directories = new ArrayDeque<>();
        var tar = new TarArchiveInputStream(in, StandardCharsets.UTF_8.name());
        for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            Path path = place(root, entry.getName());
            if (entry.isDirectory()) {
                Files.createDirectory(path);
                directories.push(new Made(path, entry));
            } else if (entry.isSymbolicLink()) {
                Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
            } else if (entry.isLink()) {
                Path other = place(root, entry.getLinkName());
                if (!Files.isRegularFile(other, LinkOption.NOFOLLOW_LINKS)) {
                    throw new IOException("'" + entry.getName() + "' is a link to something else");
                }
                Files.createLink(path, other);
            } else if (entry.isFile() && !entry.isFIFO() && !entry.isCharacterDevice() && !entry.isBlockDevice()) {
                try (OutputStream out = Files.newOutputStream(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                    tar.transferTo(out);
                }
                finish(path, entry);
            } else {
                throw new IOException("'" + entry.getName() + "' is neither a file, a directory nor a link");
            }
        }
        // The deepest first, since one that cannot be written to takes nothing more.
        for (Made made : directories) {
            finish(made.directory(), made.entry());
        }
        in.transferTo(OutputStream.nullOutputStream());
    }

    /// Where an entry belongs: behind the root's name, whatever that is.
    private static Path place(Path root, String name) throws IOException {
        Path path = root;
        int depth = 0;
        for (String part : name.split("/")) {
            if (part.isEmpty() || part.equals(".")) {
                continue;
            }
            if (part.equals("..")) {
                throw new IOException("'" + name + "' leads elsewhere");
            }
            if (depth++ > 0) {
                if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    throw new IOException("'" + name + "' leads through something that is no directory");
                }
                path = path.resolve(part);
            }
        }
        if (depth == 0) {
            throw new IOException("an entry without a name");
        }
        return path;
    }

    private static void finish(Path path, TarArchiveEntry entry) throws IOException {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (int i = 0; i < PERMISSIONS.length; i++) {
            if ((entry.getMode() >> i & 1) != 0) {
                permissions.add(PERMISSIONS[i]);
            }
        }
        Files.setLastModifiedTime(path, entry.getLastModifiedTime());
        Files.setPosixFilePermissions(path, permissions);
    }
}
