package holdfast.cli;

import holdfast.block.ByteSize;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;

/// One line on a terminal's standard error that says how far a long job is: what, how much of how much, rate, time left.
/// Off a terminal it says nothing.
final class ProgressBar implements AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000;
    private static final int BAR_WIDTH = 24;
    private static final String CLEAR_LINE = "\r\033[K";

    private final PrintStream err;
    private final boolean shown;
    private final LongSupplier nanoTime;

    private String what = "";
    private long startNanos;
    private long startBytes;
    private long drawnNanos;
    private boolean drawn;

    ProgressBar(PrintStream err, boolean shown, LongSupplier nanoTime) {
        this.err = err;
        this.shown = shown;
        this.nanoTime = nanoTime;
    }

    static ProgressBar on(Streams streams) {
        return new ProgressBar(streams.err(), streams.errTerminal(), System::nanoTime);
    }

    /// Reports how far the job is. A new `name` starts a new rate.
    ///
    /// @param doneBytes so far
    /// @param totalBytes -1 when it is not known
    synchronized void at(String name, long doneBytes, long totalBytes) {
        if (!shown) {
            return;
        }
        long now = nanoTime.getAsLong();
        boolean another = !name.equals(what);
        if (another) {
            what = name;
            startNanos = now;
            startBytes = doneBytes;
        }
        if (another || now - drawnNanos >= REDRAW_NANOS) {
            err.print(CLEAR_LINE + line(doneBytes, totalBytes, now - startNanos));
            err.flush();
            drawnNanos = now;
            drawn = true;
        }
    }

    private String line(long doneBytes, long totalBytes, long elapsedNanos) {
        var line = new StringBuilder(what);
        if (totalBytes > 0) {
            int filled = (int) (BAR_WIDTH * Math.min(doneBytes, totalBytes) / totalBytes);
            line.append(" [").repeat("#", filled).repeat(" ", BAR_WIDTH - filled).append("] ");
            line.append(new ByteSize(doneBytes).rounded()).append(" of ").append(new ByteSize(totalBytes).rounded());
        } else if (doneBytes > 0) {
            line.append("  ").append(new ByteSize(doneBytes).rounded());
        }
        double bytesPerSecond = elapsedNanos == 0 ? 0 : (doneBytes - startBytes) * 1e9 / elapsedNanos;
        if (bytesPerSecond >= 1) {
            line.append("  ").append(new ByteSize((long) bytesPerSecond).rounded()).append("/s");
            if (totalBytes > doneBytes) {
                line.append("  ").append(duration((long) Math.ceil((totalBytes - doneBytes) / bytesPerSecond))).append(" left");
            }
        }
        return line.toString();
    }

    private static String duration(long seconds) {
        return seconds < 60
                ? seconds + " s"
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    /// Takes the line away.
    @Override
    public synchronized void close() {
        if (drawn) {
            err.print(CLEAR_LINE);
            err.flush();
            drawn = false;
        }
    }
}
