package holdfast.share;

import holdfast.block.OperatorError;
import holdfast.machine.SharePort;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.function.Consumer;

/// A directory of the host's, served to one guest by 9P2000.L.
///
/// The guest sees what is in it and below, as this process may, and nothing else: every step goes from a directory that is held by its descriptor to
/// a single name in it, and no link is followed on the host.
public final class SharedDirectory implements SharePort, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(SharedDirectory.class.getName());

    /// Requests that the host's files are asked for at once.
    private static final int THREADS = 4;

    private static final int FIDS_MAX = 16_384;
    private static final int DESCRIPTORS_OTHERS_NEED = 256;

    private final Session session;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS, Thread.ofPlatform().daemon().name("share-", 0).factory());
    private final Map<Short, CountDownLatch> byTag = new ConcurrentHashMap<>();
    private final Phaser underWay = new Phaser(1);

    private SharedDirectory(Session session) {
        this.session = session;
    }

    /// @throws OperatorError when it is no directory that can be read
    public static SharedDirectory open(Path directory, boolean readOnly) {
        if (!Files.isDirectory(directory)) {
            throw new OperatorError(directory.toString(), Files.exists(directory) ? "is no directory" : "there is no such directory", "name a directory");
        }
        try {
            return new SharedDirectory(new Session(HostFiles.root(directory.toString()), readOnly, fidsMax()));
        } catch (Refusal e) {
            throw new OperatorError(directory.toString(), "cannot be opened (" + e.getMessage() + ")", "check its permissions");
        }
    }

    /// Each may be two descriptors, of which the process has other uses as well.
    private static int fidsMax() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
                if (line.startsWith("Max open files")) {
                    String soft = line.substring("Max open files".length()).strip().split(" ", 2)[0];
                    long limit = soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft);
                    return Math.clamp((limit - DESCRIPTORS_OTHERS_NEED) / 2, 1, FIDS_MAX);
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.log(Level.DEBUG, "how many files may be open is not known: " + e.getMessage());
        }
        return DESCRIPTORS_OTHERS_NEED;
    }

    @Override
    public void submit(byte[] request, int answerBytesMax, Consumer<byte[]> done) {
        underWay.register();
        var question = new Question(request);
        var ended = new CountDownLatch(1);
        byTag.put(question.tag(), ended);
        threads.execute(() -> {
            try {
                if (question.type() == Message.FLUSH) {
                    awaitFlushed(request);
                }
                done.accept(session.answer(question, answerBytesMax));
            } finally {
                byTag.remove(question.tag(), ended);
                ended.countDown();
                underWay.arriveAndDeregister();
            }
        });
    }

    /// A request that the client gives up is not cut short, but its answer comes before this one: after this one the client uses the tag, and the
    /// memory, for something else. Threads take requests in order, so what is waited for here has a thread already.
    private void awaitFlushed(byte[] request) {
        if (request.length < Message.HEADER_BYTES + Short.BYTES) {
            return;
        }
        short tag = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN).getShort(Message.HEADER_BYTES);
        CountDownLatch flushed = byTag.get(tag);
        if (flushed != null && tag != new Question(request).tag()) {
            try {
                flushed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void drain() {
        underWay.arriveAndAwaitAdvance();
    }

    @Override
    public void reset() {
        session.end();
    }

    @Override
    public boolean inUse() {
        return session.isAttached();
    }

    /// After the machine has been closed.
    @Override
    public void close() {
        threads.close();
        session.close();
    }
}
