package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.JournaledDisk;
import holdfast.machine.ConsolePort;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/// The port by which a guest puts marks into the journals of its protected disks: a line with a name, and the answer to it.
///
/// ```
/// guest: NAME
/// host:  mark NAME is entry N        one line for each protected disk, in the order of the options, then an empty one
///        error: why not
/// ```
///
/// Lines are answered one after the other. A guest that does not wait for answers has the lines ignored that are too many.
final class MarkPort implements ConsolePort, AutoCloseable {
    static final String NAME = "org.holdfast.mark";

    private static final int LINE_BYTES_MAX = 1024;
    private static final int WAITING_MAX = 16;

    private final List<JournaledDisk> disks;
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private final BlockingQueue<String> names = new ArrayBlockingQueue<>(WAITING_MAX);
    private final Thread marker;
    private volatile @Nullable Input input;

    /// @param disks closed after this
    MarkPort(List<JournaledDisk> disks) {
        this.disks = List.copyOf(disks);
        marker = Thread.ofVirtual().name("marks").start(this::run);
    }

    @Override
    public void attach(Input attached) {
        input = attached;
        attached.hostOpen(true);
    }

    @Override
    public void output(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] == '\n') {
                var _ = names.offer(partial.toString(StandardCharsets.UTF_8));
                partial.reset();
            } else if (partial.size() < LINE_BYTES_MAX) {
                partial.write(bytes[i]);
            }
        }
    }

    /// What one program has not finished is not the beginning of the next one's line.
    @Override
    public void guestOpen(boolean open) {
        partial.reset();
    }

    private void run() {
        try {
            while (true) {
                byte[] answer = (mark(names.take()) + "\n").getBytes(StandardCharsets.UTF_8);
                Input to = input;
                if (to != null) {
                    to.input(answer);
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private String mark(String name) {
        if (!ProtectedDisk.isMarkName(name)) {
            return "error: a mark has a name of 1 to " + ProtectedDisk.MARK_NAME_LENGTH_MAX + " characters that can be printed\n";
        }
        var answer = new StringBuilder();
        for (JournaledDisk disk : disks) {
            try {
                answer.append("mark ").append(name).append(" is entry ").append(disk.mark(name)).append('\n');
            } catch (OperatorError e) {
                answer.append("error: ").append(e.subject()).append(' ').append(e.problem()).append('\n');
            }
        }
        return answer.toString();
    }

    /// Returns when nothing is put any more.
    @Override
    public void close() {
        marker.interrupt();
        try {
            marker.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
