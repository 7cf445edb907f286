package holdfast.cli;

import holdfast.block.Alarm;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;

/// Tells one who waits for something that takes long, again and again, that it goes on.
final class SignsOfLife implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(SignsOfLife.class.getName());

    private final DataOutputStream out;
    private final Patience patience;
    private final Duration pause;
    private boolean ended;

    private SignsOfLife(DataOutputStream out, Patience patience, Duration pause) {
        this.out = out;
        this.patience = patience;
        this.pause = pause;
    }

    /// @param out nobody else writes to it until this is closed
    static SignsOfLife begin(DataOutputStream out, Patience patience, Duration pause) {
        var signs = new SignsOfLife(out, patience, pause);
        signs.later();
        return signs;
    }

    private void later() {
        Alarm.wallClock().after(pause, this::give);
    }

    private synchronized void give() {
        if (ended) {
            return;
        }
        try {
            out.writeInt(DiskControl.GOES_ON);
            patience.renew();
            later();
        } catch (IOException gone) {
            LOG.log(System.Logger.Level.DEBUG, "nobody waits any more: " + gone.getMessage());
        }
    }

    @Override
    public synchronized void close() {
        ended = true;
        patience.renew();
    }
}
