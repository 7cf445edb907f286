package holdfast.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;

/// TLS over another link. One thread may read while another writes, as an [SSLEngine] allows.
final class TlsLink implements Link {
    private static final System.Logger LOG = System.getLogger(TlsLink.class.getName());
    private static final ByteBuffer[] NOTHING = {ByteBuffer.allocate(0)};

    /// So many records go out in one system call.
    private static final int RECORDS = 8;

    private final Link link;
    private final SSLEngine engine;
    private final int recordBytes;

    /// From the peer: encrypted, and in the clear.
    private final ByteBuffer received;

    private final ByteBuffer clear;

    private final ReentrantLock writing = new ReentrantLock();
    private final ByteBuffer out;

    private TlsLink(Link link, SSLEngine engine) {
        this.link = link;
        this.engine = engine;
        recordBytes = engine.getSession().getPacketBufferSize();
        received = ByteBuffer.allocate(2 * recordBytes).limit(0);
        clear = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).limit(0);
        out = ByteBuffer.allocateDirect(RECORDS * recordBytes);
    }

    /// Agrees on keys with the peer.
    ///
    /// @throws IOException when the peer is gone, or is not to be trusted
    static TlsLink over(Link link, SSLEngine engine) throws IOException {
        var tls = new TlsLink(link, engine);
        engine.beginHandshake();
        try {
            tls.handshake();
        } catch (SSLException e) {
            tls.sayWhy(e);
            throw e;
        }
        return tls;
    }

    /// Sends the alert that the engine has ready, so that the peer need not guess.
    private void sayWhy(SSLException problem) {
        try {
            writeLast();
        } catch (IOException gone) {
            problem.addSuppressed(gone);
        }
    }

    /// What the engine has to say at its end, in one record.
    private void writeLast() throws IOException {
        out.clear();
        engine.wrap(NOTHING, 0, 1, out);
        link.write(new ByteBuffer[] {out.flip()}, 1);
    }

    private void handshake() throws IOException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_WRAP -> write(NOTHING, 1);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (!unwrap()) {
                        throw new EOFException("the peer has gone while TLS began");
                    }
                }
                case NEED_TASK -> tasks();
                case FINISHED, NOT_HANDSHAKING -> {
                    return;
                }
            }
        }
    }

    private void tasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        while (!clear.hasRemaining()) {
            if (!unwrap()) {
                return -1;
            }
            // The peer may want new keys at any time.
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> tasks();
                case NEED_WRAP -> write(NOTHING, 1);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN, FINISHED, NOT_HANDSHAKING -> {}
            }
        }
        int count = Math.min(clear.remaining(), into.remaining());
        into.put(into.position(), clear, clear.position(), count);
        into.position(into.position() + count);
        clear.position(clear.position() + count);
        return count;
    }

    /// Takes one record; only when nothing in the clear is left.
    ///
    /// @return false at the end
    private boolean unwrap() throws IOException {
        while (true) {
            clear.clear();
            SSLEngineResult result;
            try {
                result = engine.unwrap(received, clear);
            } finally {
                clear.flip();
            }
            switch (result.getStatus()) {
                case OK -> {
                    return true;
                }
                case CLOSED -> {
                    return false;
                }
                case BUFFER_OVERFLOW -> throw new IOException("a TLS record that is too long");
                case BUFFER_UNDERFLOW -> {
                    received.compact();
                    int count;
                    try {
                        count = link.read(received);
                    } finally {
                        received.flip();
                    }
                    if (count < 0) {
                        return false;
                    }
                }
            }
        }
    }

    @Override
    public void write(ByteBuffer[] buffers, int count) throws IOException {
        writing.lock();
        try {
            do {
                out.clear();
                do {
                    SSLEngineResult result = engine.wrap(buffers, 0, count, out);
                    if (result.getStatus() != Status.OK) {
                        throw new IOException("TLS has ended: " + result.getStatus());
                    }
                } while (remaining(buffers, count) && out.remaining() >= recordBytes);
                link.write(new ByteBuffer[] {out.flip()}, 1);
            } while (remaining(buffers, count));
        } finally {
            writing.unlock();
        }
    }

    private static boolean remaining(ByteBuffer[] buffers, int count) {
        for (int i = 0; i < count; i++) {
            if (buffers[i].hasRemaining()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void endInput() {
        link.endInput();
    }

    /// Says goodbye, unless somebody is writing, who would wait for a peer that does not read.
    @Override
    public void close() {
        if (writing.tryLock()) {
            try {
                engine.closeOutbound();
                writeLast();
            } catch (IOException gone) {
                LOG.log(Level.DEBUG, "the peer has gone without a goodbye: " + gone.getMessage());
            } finally {
                writing.unlock();
            }
        }
        link.close();
    }
}
