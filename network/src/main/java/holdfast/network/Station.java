package holdfast.network;

/// A machine of a network.
///
/// @param name what it is found by, in small letters
/// @param card the only address that its frames may come from
/// @param address the only address that it is given, and may use
public record Station(String name, MacAddress card, Ipv4 address) {}
