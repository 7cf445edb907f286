package holdfast.nbd;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Stand-ins for calls of this module, each wrong in one way; [MutantsTest] puts them in place.
final class Broken {
    private Broken() {}

    /// What was asked for is taken to be right.
    static @Nullable NbdError problem(ClientRequest request, Negotiated agreed) {
        return null;
    }

    /// No flag is ever set.
    static boolean has(ClientRequest request, int flag) {
        return false;
    }

    /// The payload of what is refused is taken for the next request.
    static void skip(Inbound in, long bytes) throws IOException {}

    /// Everybody is let in.
    static boolean enter(Export export) {
        return true;
    }

    /// What is under way is forgotten.
    static void close(Buffers buffers) {}

    /// No change has to be flushed.
    static boolean wantsFlush(Part part) {
        return false;
    }

    /// Every disk is as good as the old one.
    static boolean continues(NbdExport export, NbdExport before) {
        return true;
    }

    /// Any read has got all it wanted.
    static boolean isAll(Received received, long length) {
        return true;
    }

    /// Nobody looks at what has come already.
    static void switchTo(Inbound in, Link other) {}
}
