package holdfast.bench;

import java.util.Locale;

/// A way to run a guest that costs something.
enum Mode {
    /// Which pages change is noted, and asked for ten times a second.
    DIRTY,
    /// Every run with the same inputs is the same.
    DETERMINISTIC;

    /// As it is written in the names of benchmarks.
    String label() {
        return this == DIRTY ? "dirty" : "det";
    }

    /// What [ModeGuest] is told.
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
