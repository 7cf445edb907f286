package holdfast.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A connection to a PostgreSQL that trusts it, at a port of the loopback: simple queries of PostgreSQL's protocol, version 3.0
/// (<https://www.postgresql.org/docs/17/protocol-message-formats.html>).
final class PostgresClient implements AutoCloseable {
    private static final int VERSION = 3 << 16;
    private static final int LENGTH_BYTES = 4;
    private static final int NULL = -1;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final DataOutputStream out;

    PostgresClient(int port, Duration patience) throws IOException {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) patience.toMillis());
        socket.setSoTimeout((int) patience.toMillis());
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(socket.getOutputStream());
        byte[] parameters = "user\0postgres\0database\0postgres\0\0".getBytes(StandardCharsets.UTF_8);
        out.write(ByteBuffer.allocate(2 * LENGTH_BYTES + parameters.length).putInt(2 * LENGTH_BYTES + parameters.length).putInt(VERSION).put(parameters).array());
        rows();
    }

    /// @return each row's columns in text, with a bar between them, as psql's `-A` shows them
    List<String> query(String sql) throws IOException {
        byte[] text = (sql + "\0").getBytes(StandardCharsets.UTF_8);
        out.write(ByteBuffer.allocate(1 + LENGTH_BYTES + text.length).put((byte) 'Q').putInt(LENGTH_BYTES + text.length).put(text).array());
        return rows();
    }

    /// Reads until the server is ready for a query.
    private List<String> rows() throws IOException {
        var rows = new ArrayList<String>();
        while (true) {
            int type = in.readUnsignedByte();
            byte[] body = new byte[in.readInt() - LENGTH_BYTES];
            in.readFully(body);
            switch (type) {
                case 'D' -> rows.add(row(ByteBuffer.wrap(body)));
                case 'E' -> throw new IOException(new String(body, StandardCharsets.UTF_8).replace('\0', ' '));
                case 'Z' -> {
                    return rows;
                }
                default -> {}
            }
        }
    }

    private static String row(ByteBuffer body) {
        var row = new ByteArrayOutputStream();
        int count = body.getShort();
        for (int i = 0; i < count; i++) {
            if (i > 0) {
                row.write('|');
            }
            int length = body.getInt();
            if (length != NULL) {
                byte[] column = new byte[length];
                body.get(column);
                row.writeBytes(column);
            }
        }
        return row.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
