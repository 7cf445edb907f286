package holdfast.bench;

import java.util.Locale;

/// What a benchmark is about, and so how it is run.
enum Group {
    /// Programs in guests that stay booted, on one core, once they are warm.
    STEADY,
    /// From the start of the process to a line on the console, on two cores.
    BOOT,
    /// Programs of two threads in guests with two harts, on two cores.
    SMP,
    /// Programs in two guests of ours, of which one is run in a mode that costs something, on one core.
    MODES;

    /// As it is written in results and on the command line.
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
