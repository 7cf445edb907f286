package holdfast.share;

/// What a client's request comes to when it cannot be done: an error number of Linux's, which is what 9P2000.L sends.
final class Refusal extends Exception {
    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EIO = 5;
    static final int EBADF = 9;
    static final int EEXIST = 17;
    static final int EINVAL = 22;
    static final int ENFILE = 23;
    static final int EROFS = 30;
    static final int ENAMETOOLONG = 36;
    static final int EOPNOTSUPP = 95;

    private static final long serialVersionUID = 1;

    private final int errno;

    Refusal(int errno) {
        super("errno " + errno, null, false, false);
        this.errno = errno;
    }

    int errno() {
        return errno;
    }
}
