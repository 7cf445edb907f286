package holdfast.image;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Cuts a stream of bytes into lines of UTF-8 text. One that does not end is cut at [#LINE_BYTES_MAX].
final class LineSplitter {
    private static final int LINE_BYTES_MAX = 4096;

    private final Consumer<String> lines;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    LineSplitter(Consumer<String> lines) {
        this.lines = lines;
    }

    void add(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] == '\n' || line.size() == LINE_BYTES_MAX) {
                lines.accept(line.toString(StandardCharsets.UTF_8));
                line.reset();
            }
            if (bytes[i] != '\n' && bytes[i] != '\r') {
                line.write(bytes[i]);
            }
        }
    }
}
