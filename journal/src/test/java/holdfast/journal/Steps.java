package holdfast.journal;

import java.time.Instant;
import java.time.InstantSource;

/// A clock that goes on by a second a look, and can be set.
final class Steps implements InstantSource {
    private Instant next;

    Steps(Instant first) {
        next = first;
    }

    void set(Instant instant) {
        next = instant;
    }

    @Override
    public synchronized Instant instant() {
        Instant now = next;
        next = next.plusSeconds(1);
        return now;
    }
}
