package holdfast.network;

/// The 256 addresses of a network.
///
/// ```
/// .2          the gateway, which is also the DHCP server
/// .3          the name server
/// .10 … .249  machines
/// ```
///
/// @param base the first, which ends in .0
public record Subnet(Ipv4 base) {
    public static final int FIRST_MACHINE = 10;
    public static final int LAST_MACHINE = 249;

    private static final int SIZE = 256;

    public Subnet {
        if ((base.bits() & SIZE - 1) != 0) {
            throw new IllegalArgumentException("a network's first address ends in .0: " + base);
        }
    }

    Ipv4 mask() {
        return new Ipv4(-SIZE);
    }

    public Ipv4 gateway() {
        return base.plus(2);
    }

    public Ipv4 nameServer() {
        return base.plus(3);
    }

    Ipv4 broadcast() {
        return base.plus(SIZE - 1);
    }

    boolean contains(Ipv4 address) {
        return (address.bits() & -SIZE) == base.bits();
    }

    /// The card of the gateway and of the name server, as libslirp makes it up.
    MacAddress gatewayCard() {
        return new MacAddress(0x5255L << 32 | gateway().bits() & 0xFFFF_FFFFL);
    }

    @Override
    public String toString() {
        return base + "/24";
    }
}
