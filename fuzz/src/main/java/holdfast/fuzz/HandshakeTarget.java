package holdfast.fuzz;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Sends its input to an NBD server in place of a handshake. The server greets, answers each option in whole replies until the
/// transmission begins, and lets go of the client.
public final class HandshakeTarget {
    private static final long NBDMAGIC = 0x4e42444d41474943L;
    private static final long IHAVEOPT = 0x49484156454f5054L;
    private static final long REPLY = 0x0003e889045565a9L;
    private static final int REPLY_BYTES_MAX = 8 << 10;

    private static @Nullable Stage stage;

    private HandshakeTarget() {}

    public static void fuzzerInitialize() throws IOException {
        Faults.listen();
        stage = new Stage(Files.createTempDirectory("nbd"));
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        run(Objects.requireNonNull(stage), input);
    }

    /// @return how many replies to options there were
    static int run(Stage on, byte[] input) throws IOException {
        ByteBuffer heard = ByteBuffer.wrap(on.converse(input));
        try {
            must(heard.getLong() == NBDMAGIC && heard.getLong() == IHAVEOPT && heard.getShort() == 3, "no greeting");
            int replies = 0;
            while (heard.remaining() >= Long.BYTES && heard.getLong(heard.position()) == REPLY) {
                heard.position(heard.position() + Long.BYTES + 2 * Integer.BYTES);
                int length = heard.getInt();
                must(length >= 0 && length <= REPLY_BYTES_MAX, "a reply of " + length + " bytes");
                heard.position(heard.position() + length);
                replies++;
            }
            return replies;
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new AssertionError("a reply is cut short", e);
        }
    }

    private static void must(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

}
