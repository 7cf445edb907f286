package holdfast.nbd;

import holdfast.block.IoStatus;

/// Why a request failed, as the protocol numbers it (proto.md, "Error values").
enum NbdError {
    EPERM(1, "the disk is read-only"),
    EIO(5, "the storage has failed"),
    EINVAL(22, "invalid request"),
    ENOSPC(28, "no space left"),
    EOVERFLOW(75, "too long to be answered in one piece"),
    ENOTSUP(95, "cannot be done fast"),
    ESHUTDOWN(108, "the disk is being taken away");

    private final int code;
    private final String message;

    NbdError(int code, String message) {
        this.code = code;
        this.message = message;
    }

    int code() {
        return code;
    }

    /// For people, where a reply has room for it.
    String message() {
        return message;
    }

    /// @param status anything but [IoStatus#OK]
    static NbdError of(IoStatus status) {
        return switch (status) {
            case NO_SPACE -> ENOSPC;
            case READ_ONLY -> EPERM;
            case OUT_OF_RANGE -> EINVAL;
            case UNSUPPORTED -> ENOTSUP;
            case CANCELLED, FENCED -> ESHUTDOWN;
            case IO_ERROR -> EIO;
            case OK -> throw new IllegalArgumentException("no error");
        };
    }
}
