package holdfast.share;

/// Types of messages of 9P2000.L, as its description in diod's `protocol.md` and Linux's `9p.h` number them; an answer's is one more.
final class Message {
    static final int ERROR_ANSWER = 7;
    static final int STATFS = 8;
    static final int OPEN = 12;
    static final int CREATE = 14;
    static final int SYMLINK = 16;
    static final int MKNOD = 18;
    static final int RENAME = 20;
    static final int READLINK = 22;
    static final int GETATTR = 24;
    static final int SETATTR = 26;
    static final int XATTR_WALK = 30;
    static final int READDIR = 40;
    static final int FSYNC = 50;
    static final int LOCK = 52;
    static final int GETLOCK = 54;
    static final int LINK = 70;
    static final int MKDIR = 72;
    static final int RENAME_AT = 74;
    static final int UNLINK_AT = 76;
    static final int VERSION = 100;
    static final int ATTACH = 104;
    static final int FLUSH = 108;
    static final int WALK = 110;
    static final int READ = 116;
    static final int WRITE = 118;
    static final int CLUNK = 120;
    static final int REMOVE = 122;

    static final int HEADER_BYTES = 7;

    /// Of an answer that carries data: its header, and how much it is.
    static final int DATA_HEADER_BYTES = HEADER_BYTES + 4;

    private Message() {}
}
