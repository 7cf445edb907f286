package holdfast.host;

/// What a network's process is to run: written by the daemon before it starts the process, which is told the machines afterwards.
///
/// @param token the process's, or it is not the one that is wanted any more
/// @param subnet its first address
record NetOrder(String token, String name, String subnet, boolean hostLoopback) {}
