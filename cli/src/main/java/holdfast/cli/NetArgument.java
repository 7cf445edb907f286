package holdfast.cli;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// What `--net` names.
sealed interface NetArgument {
    record None() implements NetArgument {}

    /// A stream socket with QEMU's framing, connected to.
    record Socket(Path path) implements NetArgument {}

    /// A stream socket with QEMU's framing, where the peer is waited for.
    record Listen(Path path) implements NetArgument {}

    /// Reads `none`, `socket:PATH` or `listen:PATH`.
    final class Converter implements ITypeConverter<NetArgument> {
        private static final String SOCKET = "socket:";
        private static final String LISTEN = "listen:";

        @Override
        public NetArgument convert(String text) {
            if (text.equals("none")) {
                return new None();
            }
            if (text.startsWith(SOCKET) && text.length() > SOCKET.length()) {
                return new Socket(Path.of(text.substring(SOCKET.length())));
            }
            if (text.startsWith(LISTEN) && text.length() > LISTEN.length()) {
                return new Listen(Path.of(text.substring(LISTEN.length())));
            }
            throw new TypeConversionException("'" + text + "' is no network; write none, socket:PATH or listen:PATH");
        }
    }
}
