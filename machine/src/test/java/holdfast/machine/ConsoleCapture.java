package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/// The outside of a console: keeps what the guest says, and lets a test answer.
final class ConsoleCapture implements ConsolePort {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private volatile @Nullable Input input;

    @Override
    public synchronized void output(byte[] source, int offset, int length) {
        bytes.write(source, offset, length);
    }

    @Override
    public void attach(Input in) {
        input = in;
    }

    synchronized String text() {
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }

    void type(String text) {
        try {
            Objects.requireNonNull(input, "not attached").input(text.getBytes(StandardCharsets.ISO_8859_1));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    void await(String wanted) {
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> text().contains(wanted));
    }
}
