package holdfast.block;

import java.io.IOException;

/// A request that did not end with [IoStatus#OK], for those who wait for it.
public final class DiskException extends IOException {
    private final IoStatus status;

    public DiskException(String what, IoStatus status) {
        super(what + ": " + status);
        this.status = status;
    }

    public IoStatus status() {
        return status;
    }
}
