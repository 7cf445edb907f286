package holdfast.host;

/// What the inventory knows of a network.
///
/// @param subnet its first address, which ends in .0
/// @param hostLoopback whether the gateway's address leads to the host's loopback
record NetRecord(String name, String subnet, boolean hostLoopback) {}
