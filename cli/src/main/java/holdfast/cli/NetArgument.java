package holdfast.cli;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// What `--net` names.
sealed interface NetArgument {
    record None() implements NetArgument {}

    /// A stream socket with QEMU's framing.
    record Socket(Path path) implements NetArgument {}

    /// Reads `none` or `socket:PATH`.
    final class Converter implements ITypeConverter<NetArgument> {
        @Override
        public NetArgument convert(String text) {
            if (text.equals("none")) {
                return new None();
            }
            if (text.startsWith("socket:") && text.length() > "socket:".length()) {
                return new Socket(Path.of(text.substring("socket:".length())));
            }
            throw new TypeConversionException("'" + text + "' is no network; write none or socket:PATH");
        }
    }
}
