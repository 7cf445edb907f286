package holdfast.machine;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// A command for [GuestExec]: a line for the guest's `sh -c`, and where its three streams lead.
///
/// @param text the command line, at most [#TEXT_BYTES_MAX] bytes of UTF-8
public record GuestCommand(String text, Stdin stdin, Sink out, Sink err) {

    /// The channel's line of base64 must fit into a port's queue of 64 KiB.
    public static final int TEXT_BYTES_MAX = 48 * 1024 - 3;

    public GuestCommand {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length > TEXT_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "the command has " + length + " bytes, the limit is " + TEXT_BYTES_MAX + "; send a script on its standard input");
        }
    }

    /// The line that starts it, without the line feed.
    String line() {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Receives what the command writes, in order, on a hart's thread; must not block for long.
    @FunctionalInterface
    public interface Sink {
        void accept(byte[] bytes, int offset, int length);
    }

    /// What the command reads.
    public sealed interface Stdin {

        /// Ends at once.
        record Empty() implements Stdin {}

        /// All of it is known. It is offered on the hart's thread in the instant the command begins, so that in deterministic
        /// mode it arrives at the same instruction in every run.
        record Whole(byte[] bytes) implements Stdin {}

        /// Read while the command runs, by a thread of its own; the end of the stream is the end of the command's input.
        record Streamed(InputStream source) implements Stdin {}
    }
}
