package holdfast.host;

import holdfast.host.Frame.Channel;
import holdfast.machine.ConsolePort;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/// The guest's console: any number of viewers see it and type into it, who comes late sees the last of it, and all of it goes to a file, of
/// which the last [#LOG_BYTES_MAX] to twice as much are kept; without a file, the last [#REPLAY_BYTES] in memory.
final class ConsoleHub implements ConsolePort, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ConsoleHub.class.getName());
    private static final int REPLAY_BYTES = 64 << 10;
    private static final int LOG_BYTES_MAX = 4 << 20;

    /// Pieces that wait for the file: a guest that prints faster than that waits for the disk.
    private static final int PIECES_MAX = 4096;

    private final @Nullable Path file;
    private final byte[] recent = new byte[REPLAY_BYTES];
    private long shown;
    private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
    private final BlockingQueue<byte[]> unwritten = new LinkedBlockingQueue<>(PIECES_MAX);
    private final @Nullable Thread writer;
    private volatile @Nullable Input input;

    /// @param file null: there is none
    ConsoleHub(@Nullable Path file) {
        this.file = file;
        writer = file == null ? null : Thread.ofVirtual().name("console log").start(() -> write(file));
    }

    @Override
    public void output(byte[] bytes, int offset, int length) {
        byte[] piece;
        synchronized (recent) {
            for (int i = offset; i < offset + length; i++) {
                recent[(int) (shown++ % REPLAY_BYTES)] = bytes[i];
            }
            if (file == null && viewers.isEmpty()) {
                return;
            }
            piece = Arrays.copyOfRange(bytes, offset, offset + length);
            viewers.removeIf(viewer -> !viewer.show(Channel.OUTPUT, piece));
        }
        if (file == null) {
            return;
        }
        try {
            unwritten.put(piece);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void attach(Input attached) {
        input = attached;
    }

    /// From here on somebody sees it, and before that the last of what there was.
    void add(Viewer viewer) {
        synchronized (recent) {
            viewer.show(Channel.OUTPUT, replay());
            viewers.add(viewer);
        }
    }

    void remove(Viewer viewer) {
        viewers.remove(viewer);
        viewer.leave();
    }

    private byte[] replay() {
        int count = (int) Math.min(shown, REPLAY_BYTES);
        byte[] last = new byte[count];
        for (int i = 0; i < count; i++) {
            last[i] = recent[(int) ((shown - count + i) % REPLAY_BYTES)];
        }
        return last;
    }

    /// Types; waits while the guest takes nothing.
    void type(byte[] bytes) throws InterruptedException {
        @Nullable Input to = input;
        if (to != null) {
            to.input(bytes);
        }
    }

    private void write(Path file) {
        try {
            long size = Files.exists(file) ? Files.size(file) : 0;
            for (byte[] piece = unwritten.take(); piece.length > 0; piece = unwritten.take()) {
                if (size + piece.length > LOG_BYTES_MAX) {
                    Files.move(file, file.resolveSibling(file.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
                    size = 0;
                }
                Files.write(file, piece, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                size += piece.length;
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, file + " takes no more: " + e.getMessage());
            drop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void drop() {
        try {
            while (unwritten.take().length > 0) {
                // The guest is not to wait for a log that cannot be written.
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Everything shown so far is in the file; viewers are told that this was the end.
    ///
    /// @param how the machine has ended
    void end(String how) {
        synchronized (recent) {
            viewers.forEach(viewer -> viewer.end(Channel.LOST, how.getBytes(StandardCharsets.UTF_8)));
            viewers.clear();
        }
        close();
    }

    @Override
    public void close() {
        try {
            if (writer != null && writer.isAlive()) {
                unwritten.put(new byte[0]);
                writer.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
