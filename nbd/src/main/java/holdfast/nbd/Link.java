package holdfast.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Bytes to and from one peer. One thread reads and one writes at a time; any may end it.
interface Link extends AutoCloseable {
    /// Waits for bytes.
    ///
    /// @return how many were read, at least one; -1 when no more will come
    /// @throws IOException when the connection is lost or closed
    int read(ByteBuffer into) throws IOException;

    /// Writes all of the first `count` buffers, waiting as long as it takes.
    ///
    /// @throws IOException when the connection is lost or closed
    void write(ByteBuffer[] buffers, int count) throws IOException;

    /// Lets nothing more in: a thread that waits for bytes is told that no more will come.
    void endInput();

    /// Ends it in both directions; threads that wait in it get an [IOException].
    @Override
    void close();
}
