package holdfast.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/// The files of ours that go into guests: resources in `guest`.
final class GuestFiles {
    private GuestFiles() {}

    static byte[] read(String name) {
        try (@Nullable InputStream in = GuestFiles.class.getResourceAsStream("guest/" + name)) {
            if (in == null) {
                throw new IllegalStateException("Holdfast was built without guest/" + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
