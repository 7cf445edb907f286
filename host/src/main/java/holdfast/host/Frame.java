package holdfast.host;

/// A piece of a stream that goes over a connection together with others.
///
/// @param bytes of [Channel#EXIT] the exit code, 4 bytes, most significant first; of [Channel#LOST] why, in UTF-8; of [Channel#INPUT_END] none
public record Frame(Channel channel, byte[] bytes) {
    /// Its number is the first byte of a WebSocket message, and of a frame of the control protocol.
    public enum Channel {
        /// From the guest: its console, or a command's standard output.
        OUTPUT,
        /// From the guest: a command's standard error.
        ERROR,
        /// For the guest.
        INPUT,
        /// For the guest: no more input will come.
        INPUT_END,
        /// The command has ended.
        EXIT,
        /// The guest, or the place of who listens, is lost.
        LOST
    }

    static final int BYTES_MAX = 1 << 20;
}
