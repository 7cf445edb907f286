package holdfast.image;

import com.github.luben.zstd.ZstdInputStream;
import holdfast.block.OperatorError;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/// A Debian binary package, format 2.0 (deb(5)): an ar archive with `debian-binary`, `control.tar.*` and `data.tar.*`.
///
/// Packages come from elsewhere: sizes are bounded, and what is not a plain path below the root is refused.
record Deb(Path file) {
    /// No file of a package that we use is nearly as large.
    static final long FILE_BYTES_MAX = 512L << 20;

    static final long PACKAGE_BYTES_MAX = 8L << 30;

    private static final int XZ_MEMORY_KIB_MAX = 512 << 10;

    /// Sees the files of a package, one after the other.
    @FunctionalInterface
    interface Visitor {
        /// @param content the file's content while this call lasts; empty for what is no regular file
        void visit(DebEntry entry, InputStream content) throws IOException;
    }

    /// Shows every file that the package installs.
    void files(Visitor visitor) throws IOException {
        tar("data.tar", visitor);
    }

    /// Shows the control file, the maintainer's scripts and so on.
    void control(Visitor visitor) throws IOException {
        tar("control.tar", visitor);
    }

    private void tar(String member, Visitor visitor) throws IOException {
        try (var ar = new ArArchiveInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            for (@Nullable ArArchiveEntry entry = ar.getNextEntry(); entry != null; entry = ar.getNextEntry()) {
                if (entry.getName().startsWith(member)) {
                    visitTar(decompressed(ar, entry.getName().substring(member.length())), visitor);
                    return;
                }
            }
        } catch (IllegalArgumentException e) {
            // commons-compress says so about some malformed headers.
            throw damaged(String.valueOf(e.getMessage()));
        }
        throw damaged("it has no " + member);
    }

    private void visitTar(InputStream stream, Visitor visitor) throws IOException {
        var tar = new TarArchiveInputStream(stream, StandardCharsets.UTF_8.name());
        long totalBytes = 0;
        for (@Nullable TarArchiveEntry header = tar.getNextEntry(); header != null; header = tar.getNextEntry()) {
            totalBytes += header.getSize();
            if (header.getSize() < 0 || header.getSize() > FILE_BYTES_MAX || totalBytes > PACKAGE_BYTES_MAX) {
                throw damaged("'" + header.getName() + "' is larger than anything a package has");
            }
            String name = header.getName();
            DebEntry entry = DebEntry.of(header).orElseThrow(() -> damaged("it has a file '" + name + "'"));
            if (!entry.path().isEmpty()) {
                visitor.visit(entry, tar);
            }
        }
    }

    /// What a member of the archive says, by the suffix of its name.
    InputStream decompressed(InputStream stream, String suffix) throws IOException {
        return switch (suffix) {
            case "" -> stream;
            case ".gz" -> new GZIPInputStream(stream);
            case ".xz" -> new XZInputStream(stream, XZ_MEMORY_KIB_MAX);
            case ".zst" -> new ZstdInputStream(stream);
            default -> throw damaged("its compression '" + suffix + "' is unknown");
        };
    }

    private OperatorError damaged(String how) {
        return new OperatorError(file.toString(), "is no usable package: " + how, "remove it, and it will be fetched again");
    }
}
