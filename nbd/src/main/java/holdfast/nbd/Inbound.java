package holdfast.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/// What a peer sends, read in large pieces: one system call takes as many requests as have come.
final class Inbound {
    private static final int BUFFER_BYTES = 256 << 10;

    /// As much of a payload is worth being read straight to where it belongs, past the buffer.
    private static final int DIRECT_BYTES_MIN = 64 << 10;

    /// Called before a thread waits for the peer.
    interface BeforeWaiting {
        void run() throws IOException;
    }

    private Link link;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);
    private BeforeWaiting beforeWaiting = () -> {};

    Inbound(Link link) {
        this.link = link;
    }

    /// Goes on with another link, at a point where nothing has come that was not taken.
    ///
    /// @throws IOException when something has: what was sent in the clear must not be taken for what is protected
    void switchTo(Link other) throws IOException {
        if (buffer.hasRemaining()) {
            throw new IOException("the peer has sent something between asking for TLS and beginning it");
        }
        link = other;
    }

    void beforeWaiting(BeforeWaiting action) {
        beforeWaiting = action;
    }

    /// Waits until so many bytes can be taken from [#buffer].
    ///
    /// @param bytes at most a few thousand
    /// @return false when the peer has ended the connection right here
    /// @throws EOFException when it has ended it within these bytes
    boolean await(int bytes) throws IOException {
        while (buffer.remaining() < bytes) {
            buffer.compact();
            int count;
            try {
                count = read(buffer);
            } finally {
                buffer.flip();
            }
            if (count < 0) {
                if (buffer.hasRemaining()) {
                    throw cutShort();
                }
                return false;
            }
        }
        return true;
    }

    /// [#await] in the middle of a message, where an end is an error.
    void need(int bytes) throws IOException {
        if (!await(bytes)) {
            throw cutShort();
        }
    }

    /// What has come and was not taken, from its position on.
    ByteBuffer buffer() {
        return buffer;
    }

    /// Fills `into`.
    void take(ByteBuffer into) throws IOException {
        while (into.hasRemaining()) {
            if (buffer.hasRemaining()) {
                int count = Math.min(buffer.remaining(), into.remaining());
                into.put(into.position(), buffer, buffer.position(), count);
                into.position(into.position() + count);
                buffer.position(buffer.position() + count);
            } else if (into.remaining() >= DIRECT_BYTES_MIN) {
                if (read(into) < 0) {
                    throw cutShort();
                }
            } else {
                need(1);
            }
        }
    }

    /// Takes bytes that nobody wants.
    void skip(long bytes) throws IOException {
        for (long left = bytes; left > 0; ) {
            need(1);
            int count = (int) Math.min(buffer.remaining(), left);
            buffer.position(buffer.position() + count);
            left -= count;
        }
    }

    private int read(ByteBuffer into) throws IOException {
        beforeWaiting.run();
        return link.read(into);
    }

    private static EOFException cutShort() {
        return new EOFException("the peer has gone in the middle of a message");
    }
}
