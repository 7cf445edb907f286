package holdfast.host;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/// What somebody sends to a command's standard input: who sends waits while the command does not read.
final class TypedInput extends InputStream {
    private static final int PIECES_MAX = 16;
    private static final byte[] END = {};

    private final BlockingQueue<byte[]> pieces = new ArrayBlockingQueue<>(PIECES_MAX);
    private volatile boolean unread;
    private byte[] piece = END;
    private int at;
    private boolean ended;

    /// @param bytes none: the end
    void put(byte[] bytes) throws InterruptedException {
        if (!unread) {
            pieces.put(bytes);
        }
    }

    /// Nobody reads any more: what is put is dropped.
    @Override
    public void close() {
        unread = true;
        pieces.clear();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (at == piece.length && !ended) {
            try {
                piece = pieces.take();
                at = 0;
                ended = piece.length == 0;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        if (ended) {
            return -1;
        }
        int count = Math.min(length, piece.length - at);
        System.arraycopy(piece, at, into, offset, count);
        at += count;
        return count;
    }
}
