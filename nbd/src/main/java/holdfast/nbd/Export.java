package holdfast.nbd;

import holdfast.block.BlockDevice;
import holdfast.block.Geometry;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/// A disk under a name, for any number of clients at once up to [#CONNECTIONS_MAX].
///
/// All of them use one device, so a flush on one connection covers what completed on every other.
public final class Export {
    static final int CONNECTIONS_MAX = 32;

    /// Behind this, in the description of an export that nobody writes to, is the name of its content ([BlockDevice#identity]).
    static final String CONTENT = "; holdfast content: ";

    private final String name;
    private final String description;
    private final BlockDevice device;
    private final Semaphore connections = new Semaphore(CONNECTIONS_MAX);

    /// @param name at most 4096 bytes of UTF-8
    /// @param description for people
    /// @param device the caller's, not closed with the server
    public Export(String name, String description, BlockDevice device) {
        this.name = name;
        this.description = description;
        this.device = device;
    }

    public String name() {
        return name;
    }

    /// For people, and for our own client: where nobody can change it through us, and the device can tell, it says what it holds.
    String description() {
        Optional<String> content = readOnly() ? device.identity() : Optional.empty();
        return content.map(name -> description + CONTENT + name).orElse(description);
    }

    BlockDevice device() {
        return device;
    }

    boolean readOnly() {
        return device.geometry().readOnly();
    }

    long sizeBytes() {
        return device.geometry().sizeBytes();
    }

    /// The unit of requests.
    int minimumBlockBytes() {
        return device.geometry().logicalBlockBytes();
    }

    int preferredBlockBytes() {
        Geometry geometry = device.geometry();
        return Math.max(512, geometry.physicalBlockBytes());
    }

    /// @param structured whether structured replies were agreed on
    int transmissionFlags(boolean structured) {
        int flags = Protocol.FLAG_HAS_FLAGS
                | Protocol.FLAG_SEND_FLUSH
                | Protocol.FLAG_SEND_FUA
                | Protocol.FLAG_SEND_CACHE
                | Protocol.FLAG_CAN_MULTI_CONN;
        flags |= structured ? Protocol.FLAG_SEND_DF : 0;
        return flags
                | (readOnly()
                        ? Protocol.FLAG_READ_ONLY
                        : Protocol.FLAG_SEND_TRIM | Protocol.FLAG_SEND_WRITE_ZEROES | Protocol.FLAG_SEND_FAST_ZERO);
    }

    /// Counts one more client.
    ///
    /// @return false when there are as many as may be
    boolean enter() {
        return connections.tryAcquire();
    }

    void leave() {
        connections.release();
    }
}
