package holdfast.machine;

import java.time.Instant;

/// Wall-clock time, nanoseconds since 1970-01-01T00:00Z.
@FunctionalInterface
public interface ClockPort {
    /// The host's clock.
    ClockPort HOST = () -> {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000 + now.getNano();
    };

    long epochNanos();
}
