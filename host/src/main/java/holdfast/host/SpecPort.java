package holdfast.host;

import holdfast.network.Forward;
import holdfast.network.Ipv4;
import org.jspecify.annotations.Nullable;

/// A port of the host that leads to one of the machine's.
///
/// @param protocol `tcp` or `udp`
/// @param bind address of the host's that it is bound to; `0.0.0.0` for all
/// @param host port of the host
/// @param guest port of the machine
public record SpecPort(String protocol, String bind, int host, int guest) {
    private static final String TCP = "tcp";
    private static final String LOOPBACK = "127.0.0.1";
    private static final int PORT_MAX = 65_535;

    /// What is left out in JSON is TCP, and on the host's loopback alone.
    public SpecPort(@Nullable String protocol, @Nullable String bind, int host, int guest) {
        this.protocol = protocol == null || protocol.isEmpty() ? TCP : protocol;
        this.bind = bind == null || bind.isEmpty() ? LOOPBACK : bind;
        this.host = host;
        this.guest = guest;
    }

    /// @throws HostProblem when it cannot be
    void check() {
        if (!protocol.equals(TCP) && !protocol.equals("udp")) {
            throw invalid("has the protocol " + protocol, "write tcp or udp");
        }
        if (host < 1 || host > PORT_MAX || guest < 1 || guest > PORT_MAX) {
            throw invalid("is none", "ports are 1 to " + PORT_MAX);
        }
        try {
            Ipv4.parse(bind);
        } catch (IllegalArgumentException e) {
            throw invalid("is bound to what is no IPv4 address", "write 127.0.0.1, 0.0.0.0 or another one of this host's");
        }
    }

    private HostProblem invalid(String problem, String nextStep) {
        return new HostProblem(HostProblem.Kind.INVALID, "port " + this, problem, nextStep);
    }

    /// @throws HostProblem when it would be open to others than this host, and the caller may not have that
    void require(Caller caller) {
        if (!bind.startsWith("127.")) {
            caller.require(Role.ADMIN, "port " + this);
        }
    }

    boolean isUdp() {
        return !protocol.equals(TCP);
    }

    /// Whether the two cannot both be had.
    boolean clashes(SpecPort other) {
        boolean sameAddress = bind.equals(other.bind) || bind.equals("0.0.0.0") || other.bind.equals("0.0.0.0");
        return sameAddress && host == other.host && protocol.equals(other.protocol);
    }

    Forward forward(String address) {
        return new Forward(isUdp(), Ipv4.parse(bind), host, Ipv4.parse(address), guest);
    }

    @Override
    public String toString() {
        return bind + ":" + host + ":" + guest + (isUdp() ? "/udp" : "");
    }
}
