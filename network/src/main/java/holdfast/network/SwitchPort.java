package holdfast.network;

import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;

/// A port of the switch, with the one machine that is at it.
final class SwitchPort {
    /// Frames to everybody that may come at once, and each second: who sends more floods others.
    static final int BROADCASTS_MAX = 1000;

    private static final double NANOS = 1e9;

    private final Station station;
    private final Cable cable;
    private final Map<Drop, Long> drops = new EnumMap<>(Drop.class);
    private long received;
    private long sent;
    private double broadcasts = BROADCASTS_MAX;
    private long countedNanos;

    SwitchPort(Station station, Cable cable, long nowNanos) {
        this.station = station;
        this.cable = cable;
        countedNanos = nowNanos;
    }

    Station station() {
        return station;
    }

    void send(MemorySegment frame, Cable.From from) {
        if (cable.offer(frame, from)) {
            sent++;
        } else {
            drop(Drop.FULL);
        }
    }

    void received() {
        received++;
    }

    void drop(Drop why) {
        drops.merge(why, 1L, Long::sum);
    }

    /// Whether it may send to everybody now.
    boolean mayBroadcast(long nowNanos) {
        broadcasts = Math.min(BROADCASTS_MAX, broadcasts + (nowNanos - countedNanos) / NANOS * BROADCASTS_MAX);
        countedNanos = nowNanos;
        if (broadcasts < 1) {
            return false;
        }
        broadcasts--;
        return true;
    }

    PortStatus status() {
        return new PortStatus(station, true, received, sent, drops);
    }
}
