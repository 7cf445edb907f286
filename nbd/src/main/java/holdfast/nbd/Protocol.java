package holdfast.nbd;

/// The numbers of the NBD protocol (proto.md, "Values"), under the names it gives them.
final class Protocol {
    static final long NBDMAGIC = 0x4e42444d41474943L;
    static final long IHAVEOPT = 0x49484156454f5054L;
    static final long REPLY_TO_OPTION = 0x0003e889045565a9L;

    /// The server's handshake flags, and the client's answer to them.
    static final int FLAG_FIXED_NEWSTYLE = 1;

    static final int FLAG_NO_ZEROES = 1 << 1;

    static final int OPT_EXPORT_NAME = 1;
    static final int OPT_ABORT = 2;
    static final int OPT_LIST = 3;
    static final int OPT_STARTTLS = 5;
    static final int OPT_INFO = 6;
    static final int OPT_GO = 7;
    static final int OPT_STRUCTURED_REPLY = 8;
    static final int OPT_LIST_META_CONTEXT = 9;
    static final int OPT_SET_META_CONTEXT = 10;
    static final int OPT_EXTENDED_HEADERS = 11;

    static final int REP_ACK = 1;
    static final int REP_SERVER = 2;
    static final int REP_INFO = 3;
    static final int REP_META_CONTEXT = 4;
    static final int REP_ERR = 1 << 31;
    static final int REP_ERR_UNSUP = REP_ERR + 1;
    static final int REP_ERR_POLICY = REP_ERR + 2;
    static final int REP_ERR_INVALID = REP_ERR + 3;
    static final int REP_ERR_TLS_REQD = REP_ERR + 5;
    static final int REP_ERR_UNKNOWN = REP_ERR + 6;
    static final int REP_ERR_SHUTDOWN = REP_ERR + 7;
    static final int REP_ERR_TOO_BIG = REP_ERR + 9;
    static final int REP_ERR_EXT_HEADER_REQD = REP_ERR + 10;

    static final int INFO_EXPORT = 0;
    static final int INFO_NAME = 1;
    static final int INFO_DESCRIPTION = 2;
    static final int INFO_BLOCK_SIZE = 3;

    /// Transmission flags: what an export can do.
    static final int FLAG_HAS_FLAGS = 1;

    static final int FLAG_READ_ONLY = 1 << 1;
    static final int FLAG_SEND_FLUSH = 1 << 2;
    static final int FLAG_SEND_FUA = 1 << 3;
    static final int FLAG_SEND_TRIM = 1 << 5;
    static final int FLAG_SEND_WRITE_ZEROES = 1 << 6;
    static final int FLAG_SEND_DF = 1 << 7;
    static final int FLAG_CAN_MULTI_CONN = 1 << 8;
    static final int FLAG_SEND_CACHE = 1 << 10;
    static final int FLAG_SEND_FAST_ZERO = 1 << 11;
    static final int FLAG_BLOCK_STATUS_PAYLOAD = 1 << 12;

    static final int REQUEST_MAGIC = 0x25609513;
    static final int REQUEST_BYTES = 28;
    static final int EXTENDED_REQUEST_MAGIC = 0x21e41c71;
    static final int EXTENDED_REQUEST_BYTES = 32;

    /// Of a list of one context.
    static final int BLOCK_STATUS_PAYLOAD_BYTES = 12;

    static final int CMD_READ = 0;
    static final int CMD_WRITE = 1;
    static final int CMD_DISC = 2;
    static final int CMD_FLUSH = 3;
    static final int CMD_TRIM = 4;
    static final int CMD_CACHE = 5;
    static final int CMD_WRITE_ZEROES = 6;
    static final int CMD_BLOCK_STATUS = 7;

    static final int CMD_FLAG_FUA = 1;
    static final int CMD_FLAG_NO_HOLE = 1 << 1;
    static final int CMD_FLAG_DF = 1 << 2;
    static final int CMD_FLAG_REQ_ONE = 1 << 3;
    static final int CMD_FLAG_FAST_ZERO = 1 << 4;
    static final int CMD_FLAG_PAYLOAD_LEN = 1 << 5;

    static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    static final int SIMPLE_REPLY_BYTES = 16;
    static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;
    static final int STRUCTURED_REPLY_BYTES = 20;
    static final int EXTENDED_REPLY_MAGIC = 0x6e8a278c;
    static final int EXTENDED_REPLY_BYTES = 32;
    static final int REPLY_FLAG_DONE = 1;
    static final int REPLY_TYPE_OFFSET_DATA = 1;
    static final int REPLY_TYPE_NONE = 0;
    static final int REPLY_TYPE_OFFSET_HOLE = 2;
    static final int REPLY_TYPE_BLOCK_STATUS = 5;
    static final int REPLY_TYPE_BLOCK_STATUS_EXT = 6;
    static final int REPLY_TYPE_ERROR = (1 << 15) + 1;

    static final int STATE_HOLE = 1;
    static final int STATE_ZERO = 1 << 1;

    /// The longest string, in bytes.
    static final int STRING_BYTES_MAX = 4096;

    /// What a client may ask for in one request when nothing else was agreed on, and what we advertise.
    static final int PAYLOAD_BYTES_MAX = 1 << 25;

    private Protocol() {}
}
