package holdfast.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Sends requests ([Asked]) to an NBD server after a sound handshake. Each that gets there whole has one answer, the answers are
/// those of an array of bytes, and nothing reaches the disk that had to be refused.
public final class RequestsTarget {
    private static @Nullable Stage stage;

    private RequestsTarget() {}

    public static void fuzzerInitialize() throws IOException {
        Faults.listen();
        stage = new Stage(Files.createTempDirectory("nbd"));
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        run(Objects.requireNonNull(stage), input);
    }

    /// @return how many requests have succeeded
    static int run(Stage on, byte[] input) throws IOException {
        Asked asked = Asked.decode(input);
        byte[] heard = on.converse(asked.encode());
        return Answered.check(asked, heard, on.content(asked.mode().readOnly()));
    }
}
