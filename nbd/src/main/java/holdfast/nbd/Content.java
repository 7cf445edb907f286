package holdfast.nbd;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/// What a message of the handshake says, field by field.
@FunctionalInterface
interface Content {
    void writeTo(DataOutputStream out) throws IOException;

    default byte[] bytes() throws IOException {
        var bytes = new ByteArrayOutputStream();
        writeTo(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    /// Sends it in one piece.
    ///
    /// @throws IOException when the connection is lost or closed
    default void send(Link link) throws IOException {
        link.write(new ByteBuffer[] {ByteBuffer.wrap(bytes())}, 1);
    }
}
