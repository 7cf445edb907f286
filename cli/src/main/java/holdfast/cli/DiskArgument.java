package holdfast.cli;

import holdfast.block.Access;
import holdfast.journal.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// What `--disk` names: a disk as it is, or as it was at a point of its journal, and what becomes of what the guest writes.
///
/// @param point as the operator has said it; null for the disk as it is
record DiskArgument(Path file, @Nullable String point, Use use) {

    enum Use {
        /// It is in the disk.
        WRITTEN(""),
        /// The guest cannot write.
        READ_ONLY(",ro"),
        /// It is gone when the run has ended.
        SCRATCH(",scratch"),
        /// It is in the disk; and a driver in the guest can bring what has not arrived yet.
        HAND_OVER(",hand-over");

        private final String suffix;

        Use(String suffix) {
            this.suffix = suffix;
        }
    }

    /// Whether what the guest writes is in the disk.
    boolean isWritten() {
        return use == Use.WRITTEN || use == Use.HAND_OVER;
    }

    Access access() {
        return isWritten() ? Access.READ_WRITE : Access.READ_ONLY;
    }

    /// Null for the disk as it is.
    @Nullable Target target() {
        return point == null ? null : new TargetArgument().convert(point);
    }

    /// What means the same in every directory.
    String absolute() {
        return file.toAbsolutePath().normalize() + (point == null ? "" : "@" + point) + use.suffix;
    }

    /// Reads `FILE`, `FILE@POINT`, either with `,ro` or `,scratch` behind it, and `FILE,hand-over`. A file's own name may have commas and `@`: a point begins behind the
    /// first `@` before which there is the name of a file, if there is no file of the whole name. One that ends like an option has to be given
    /// as `./FILE,rw,ro`-like with `,ro`, or renamed.
    static final class Converter implements ITypeConverter<DiskArgument> {
        @Override
        public DiskArgument convert(String text) {
            Use use = Use.WRITTEN;
            String disk = text;
            for (Use each : Use.values()) {
                if (each != Use.WRITTEN && text.endsWith(each.suffix)) {
                    use = each;
                    disk = text.substring(0, text.length() - each.suffix.length());
                }
            }
            if (disk.isEmpty()) {
                throw new TypeConversionException("'" + text + "' names no file; write FILE or FILE,ro");
            }
            int at = Files.exists(Path.of(disk)) ? -1 : pointOf(disk);
            if (at < 0) {
                return new DiskArgument(Path.of(disk), null, use);
            }
            if (use == Use.HAND_OVER) {
                throw new TypeConversionException("'" + text + "' names the past of a disk, which does not arrive; leave out ,hand-over");
            }
            String point = disk.substring(at + 1);
            if (point.isEmpty()) {
                throw new TypeConversionException("'" + text + "' names no point; write FILE@mark:NAME, @time:T, @seq:N or @marked-before:T");
            }
            var past = new DiskArgument(Path.of(disk.substring(0, at)), point, use == Use.WRITTEN ? Use.READ_ONLY : use);
            past.target(); // so that what makes no sense is a matter of usage
            return past;
        }

        private static int pointOf(String disk) {
            int at = disk.indexOf('@', 1);
            while (at > 0 && !Files.isRegularFile(Path.of(disk.substring(0, at)))) {
                at = disk.indexOf('@', at + 1);
            }
            return at;
        }
    }
}
