package holdfast.host;

/// What a machine's process says of itself.
///
/// @param state `starting`, `running`, `paused` or `ending`
/// @param ready whether the guest takes commands
/// @param started in ISO 8601
record VmStatus(long pid, String state, boolean ready, String started) {}
