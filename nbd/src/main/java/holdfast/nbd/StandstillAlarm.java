package holdfast.nbd;

import holdfast.block.Alarm;
import java.time.Duration;
import java.util.function.LongSupplier;

/// Calls somebody whenever a number has been the same for some time, until it is closed.
final class StandstillAlarm implements AutoCloseable {
    private final Duration limit;
    private final LongSupplier number;
    private final Runnable called;
    private volatile boolean closed;

    private StandstillAlarm(Duration limit, LongSupplier number, Runnable called) {
        this.limit = limit;
        this.number = number;
        this.called = called;
    }

    static StandstillAlarm begin(Duration limit, LongSupplier number, Runnable called) {
        var alarm = new StandstillAlarm(limit, number, called);
        alarm.later(number.getAsLong());
        return alarm;
    }

    private void later(long before) {
        Alarm.wallClock().after(limit, () -> {
            if (closed) {
                return;
            }
            long now = number.getAsLong();
            if (now == before) {
                called.run();
            }
            later(now);
        });
    }

    @Override
    public void close() {
        closed = true;
    }
}
