package holdfast.bench;

/// What one contender needed for one benchmark.
///
/// @param seconds wall time of a repetition, the median
/// @param cpuSeconds the host's CPU time of a repetition, the median
/// @param warmUpSeconds how long the program ran before it was steady
/// @param steady whether it ever was; else `warmUpSeconds` is how long that was tried
record Measurement(double seconds, double cpuSeconds, double warmUpSeconds, boolean steady) {}
