package holdfast.nbd;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The replies of a connection on their way out.
///
/// The thread that reads requests writes what has become ready when it is about to wait, as many replies as there are in
/// one system call. What completes later, on a device's thread, is written by a thread of this connection, since a completion
/// must not wait for a peer that does not read.
///
/// ```
/// added by the reading thread ─→ ready ─→ written by it, before it waits    ─→ buffer given back
/// added by any other thread   ─→ ready ─→ written by the writing thread
/// after the connection is lost ───────────────────────────────────────────→ buffer given back
/// ```
final class Replies {
    private static final System.Logger LOG = System.getLogger(Replies.class.getName());
    private static final int BATCH = 64;

    private final Link link;
    private final Buffers buffers;
    private final Thread reader;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition oneReady = lock.newCondition();
    private final Deque<Buffer> ready = new ArrayDeque<>();
    private boolean writerStarted;
    private boolean writerWaits;
    private boolean ended;

    /// Held while bytes are written: whole replies, never mixed.
    private final ReentrantLock writing = new ReentrantLock();

    private final Buffer[] batch = new Buffer[BATCH];
    private final ByteBuffer[] bytes = new ByteBuffer[BATCH];
    private volatile boolean lost;

    /// Of the connection whose requests this thread reads.
    Replies(Link link, Buffers buffers) {
        this.link = link;
        this.buffers = buffers;
        reader = Thread.currentThread();
    }

    /// Takes a finished reply. Does not wait.
    void add(Buffer reply) {
        lock.lock();
        try {
            ready.add(reply);
            if (!reader.equals(Thread.currentThread())) {
                wakeWriter();
            }
        } finally {
            lock.unlock();
        }
    }

    private void wakeWriter() {
        if (!writerStarted) {
            writerStarted = true;
            Thread.ofPlatform().daemon().name(reader.getName() + " replies").start(this::write);
        } else if (writerWaits) {
            oneReady.signal();
        }
    }

    private void write() {
        while (awaitReady()) {
            send();
        }
    }

    private boolean awaitReady() {
        lock.lock();
        try {
            while (ready.isEmpty() && !ended) {
                writerWaits = true;
                oneReady.awaitUninterruptibly();
                writerWaits = false;
            }
            return !ready.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /// Writes what is ready. When the peer cannot be reached any more its replies are dropped, here and from now on.
    void send() {
        writing.lock();
        try {
            for (int count = nextBatch(); count > 0; count = nextBatch()) {
                try {
                    if (!lost) {
                        link.write(bytes, count);
                    }
                } catch (IOException e) {
                    LOG.log(Level.DEBUG, "a peer has gone: " + e.getMessage());
                    lost = true;
                    link.close();
                } finally {
                    giveBack(count);
                }
            }
        } finally {
            writing.unlock();
        }
    }

    private int nextBatch() {
        lock.lock();
        try {
            int count = Math.min(BATCH, ready.size());
            for (int i = 0; i < count; i++) {
                batch[i] = ready.remove();
                bytes[i] = batch[i].reply();
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    private void giveBack(int count) {
        for (int i = 0; i < count; i++) {
            buffers.giveBack(batch[i]);
        }
    }

    /// A reply in several pieces between which nothing else may be written.
    interface Pieces {
        void write(Replies to) throws IOException;
    }

    /// @throws IOException of `pieces`, or when the peer has gone
    void inOnePiece(Pieces pieces) throws IOException {
        writing.lock();
        try {
            send();
            pieces.write(this);
        } finally {
            writing.unlock();
        }
    }

    /// Writes a piece at once and leaves its buffer to the caller; only within [#inOnePiece].
    void writeNow(Buffer piece) throws IOException {
        link.write(new ByteBuffer[] {piece.reply()}, 1);
    }

    /// A buffer for the next request. When all are in use, what is ready is written first, since its buffers come back.
    Buffer buffer(Buffer.Size size) {
        Buffer buffer = buffers.poll(size);
        if (buffer == null) {
            send();
            buffer = buffers.await(size);
        }
        return buffer;
    }

    /// Gives back a buffer that got no reply.
    void drop(Buffer buffer) {
        buffers.giveBack(buffer);
    }

    /// Writes everything, also what is still under way, and ends.
    void close() {
        send();
        buffers.close();
        lock.lock();
        try {
            ended = true;
            oneReady.signal();
        } finally {
            lock.unlock();
        }
    }
}
