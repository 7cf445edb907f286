package holdfast.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/// Makes packages for tests.
final class SyntheticDeb {
    private final ByteArrayOutputStream tarBytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(tarBytes, "UTF-8");

    SyntheticDeb() {
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
    }

    SyntheticDeb file(String name, int mode, byte[] content) throws IOException {
        var entry = new TarArchiveEntry(name, true);
        entry.setMode(mode);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
        return this;
    }

    SyntheticDeb file(String name, String content) throws IOException {
        return file(name, 0644, content.getBytes(UTF_8));
    }

    SyntheticDeb special(String name, byte type, String target) throws IOException {
        var entry = new TarArchiveEntry(name, type, true);
        entry.setMode(0755);
        entry.setLinkName(target);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
        return this;
    }

    SyntheticDeb directory(String name) throws IOException {
        return special(name.endsWith("/") ? name : name + "/", TarConstants.LF_DIR, "");
    }

    SyntheticDeb link(String name, String target) throws IOException {
        return special(name, TarConstants.LF_SYMLINK, target);
    }

    /// Writes the package.
    ///
    /// @param compression the suffix of its data: `.xz`, `.zst`, `.gz` or nothing
    Deb write(Path file, String compression) throws IOException {
        tar.close();
        var data = new ByteArrayOutputStream();
        try (OutputStream out = compressor(data, compression)) {
            tarBytes.writeTo(out);
        }
        try (var ar = new ArArchiveOutputStream(Files.newOutputStream(file))) {
            member(ar, "debian-binary", "2.0\n".getBytes(UTF_8));
            member(ar, "control.tar", new byte[1024]);
            member(ar, "data.tar" + compression, data.toByteArray());
        }
        return new Deb(file);
    }

    private static void member(ArArchiveOutputStream ar, String name, byte[] content) throws IOException {
        ar.putArchiveEntry(new ArArchiveEntry(name, content.length));
        ar.write(content);
        ar.closeArchiveEntry();
    }

    private static OutputStream compressor(OutputStream out, String compression) throws IOException {
        return switch (compression) {
            case ".xz" -> new XZOutputStream(out, new LZMA2Options(0));
            case ".zst" -> new ZstdOutputStream(out);
            case ".gz" -> new GZIPOutputStream(out);
            default -> out;
        };
    }
}
