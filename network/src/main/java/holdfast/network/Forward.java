package holdfast.network;

/// A port of the host that leads to one of a machine.
///
/// @param udp else TCP
/// @param bind the address of the host's that it is bound to; 0.0.0.0 for all
/// @param guest the machine's address
public record Forward(boolean udp, Ipv4 bind, int hostPort, Ipv4 guest, int guestPort) {
    public Forward {
        if (hostPort < 1 || hostPort > 65_535 || guestPort < 1 || guestPort > 65_535) {
            throw new IllegalArgumentException("a port is 1 to 65535: " + hostPort + ", " + guestPort);
        }
    }
}
