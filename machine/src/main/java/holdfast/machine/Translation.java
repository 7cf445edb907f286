package holdfast.machine;

/// How code is executed that is executed often. Changes nothing but speed.
public sealed interface Translation {
    /// Interpreted, as everything else is.
    record Off() implements Translation {}

    /// Translated to JVM bytecode in the background.
    record On() implements Translation {}

    /// Translated early, and then executed either way by chance, a turn of a hart at a time: for tests.
    ///
    /// @param seed decides which turns; in deterministic mode another run does the same
    record Switching(long seed) implements Translation {}
}
