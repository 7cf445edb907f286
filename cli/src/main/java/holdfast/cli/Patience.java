package holdfast.cli;

import holdfast.block.Alarm;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/// Ends a connection on which nothing has come or gone for a while: the process at its other end may be stopped.
final class Patience {
    private static final System.Logger LOG = System.getLogger(Patience.class.getName());

    private final SocketChannel channel;
    private final long limitNanos;
    private volatile long sinceNanos = System.nanoTime();

    private Patience(SocketChannel channel, Duration limit) {
        this.channel = channel;
        limitNanos = limit.toNanos();
    }

    static Patience with(SocketChannel channel, Duration limit) {
        var patience = new Patience(channel, limit);
        patience.look();
        return patience;
    }

    /// Something has come or gone.
    void renew() {
        sinceNanos = System.nanoTime();
    }

    private void look() {
        long left = sinceNanos + limitNanos - System.nanoTime();
        if (left > 0 && channel.isOpen()) {
            Alarm.wallClock().after(Duration.ofNanos(left), this::look);
            return;
        }
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "while closing a connection: " + e.getMessage());
        }
    }
}
