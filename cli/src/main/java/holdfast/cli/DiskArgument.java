package holdfast.cli;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// What `--disk` names: a disk, to write to or not.
record DiskArgument(Path file, boolean readOnly) {
    private static final String READ_ONLY = ",ro";

    /// Reads `FILE` or `FILE,ro`. A file's own name may have commas; one that ends like an option has to be given as `./FILE,rw,ro`-like with `,ro`,
    /// or renamed.
    static final class Converter implements ITypeConverter<DiskArgument> {
        @Override
        public DiskArgument convert(String text) {
            boolean readOnly = text.endsWith(READ_ONLY);
            String file = readOnly ? text.substring(0, text.length() - READ_ONLY.length()) : text;
            if (file.isEmpty()) {
                throw new TypeConversionException("'" + text + "' names no file; write FILE or FILE,ro");
            }
            return new DiskArgument(Path.of(file), readOnly);
        }
    }
}
