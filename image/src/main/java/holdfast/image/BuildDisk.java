package holdfast.image;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/// Writes the tar archive that a machine which makes a Debian disk finds on its second disk. Nothing in it is compressed: this machine
/// unpacks at hundreds of megabytes a second, a guest that is interpreted at one.
final class BuildDisk implements AutoCloseable {
    private final TarArchiveOutputStream tar;
    private final Path spool;
    private final Set<String> directories = new HashSet<>();

    /// @param spool a name for a temporary file
    BuildDisk(Path file, Path spool) throws IOException {
        this.spool = spool;
        // A disk is a whole number of sectors; so are tar's records.
        tar = new TarArchiveOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 20), "UTF-8");
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
    }

    void directory(String path, int mode) throws IOException {
        if (directories.add(path)) {
            put(new TarArchiveEntry(path + "/", TarConstants.LF_DIR), mode);
            tar.closeArchiveEntry();
        }
    }

    void link(String path, String target) throws IOException {
        var entry = new TarArchiveEntry(path, TarConstants.LF_SYMLINK);
        entry.setLinkName(target);
        put(entry, 0777);
        tar.closeArchiveEntry();
    }

    void file(String path, int mode, byte[] content) throws IOException {
        var entry = new TarArchiveEntry(path);
        entry.setSize(content.length);
        put(entry, mode);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    void file(String path, Path content) throws IOException {
        var entry = new TarArchiveEntry(path);
        entry.setSize(Files.size(content));
        put(entry, 0644);
        Files.copy(content, tar);
        tar.closeArchiveEntry();
    }

    /// Everything that a package installs, in its place.
    void contents(Deb deb) throws IOException {
        deb.files((entry, content) -> {
            switch (entry.type()) {
                case DIRECTORY -> directory(entry.path(), entry.mode());
                case SYMBOLIC_LINK -> link(entry.path(), entry.target());
                case HARD_LINK -> {
                    var link = new TarArchiveEntry(entry.path(), TarConstants.LF_LINK);
                    link.setLinkName(entry.target());
                    put(link, entry.mode());
                    tar.closeArchiveEntry();
                }
                case FILE -> {
                    var file = new TarArchiveEntry(entry.path());
                    file.setSize(entry.size());
                    put(file, entry.mode());
                    content.transferTo(tar);
                    tar.closeArchiveEntry();
                }
            }
        });
    }

    /// A package, its members unpacked: dpkg takes that as well.
    void unpackedPackage(String path, Deb deb) throws IOException {
        try (var in = new ArArchiveInputStream(new BufferedInputStream(Files.newInputStream(deb.file())));
                var out = new ArArchiveOutputStream(new BufferedOutputStream(Files.newOutputStream(spool)))) {
            for (@Nullable ArArchiveEntry member = in.getNextEntry(); member != null; member = in.getNextEntry()) {
                member(in, member, deb, out);
            }
        }
        file(path, spool);
        Files.delete(spool);
    }

    private void member(InputStream in, ArArchiveEntry member, Deb deb, ArArchiveOutputStream out) throws IOException {
        int tarAt = member.getName().indexOf(".tar");
        String name = tarAt < 0 ? member.getName() : member.getName().substring(0, tarAt) + ".tar";
        Path unpacked = spool.resolveSibling(spool.getFileName() + ".tar");
        try (OutputStream to = Files.newOutputStream(unpacked)) {
            (tarAt < 0 ? in : deb.decompressed(in, member.getName().substring(name.length()))).transferTo(to);
        }
        out.putArchiveEntry(new ArArchiveEntry(name, Files.size(unpacked)));
        Files.copy(unpacked, out);
        out.closeArchiveEntry();
        Files.delete(unpacked);
    }

    void text(String path, String content) throws IOException {
        file(path, 0644, content.getBytes(StandardCharsets.UTF_8));
    }

    private void put(TarArchiveEntry entry, int mode) throws IOException {
        entry.setMode(mode);
        entry.setIds(0, 0);
        entry.setNames("root", "root");
        entry.setModTime(0);
        tar.putArchiveEntry(entry);
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }
}
