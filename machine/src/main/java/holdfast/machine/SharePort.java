package holdfast.machine;

import java.util.function.Consumer;

/// The outside of a share: a server of 9P2000.L, which the guest's kernel is a client of.
public interface SharePort {
    /// Takes a request; does not block.
    ///
    /// @param request a whole message
    /// @param answerBytesMax what the guest has room for
    /// @param done is given the whole answer, of any thread, once
    void submit(byte[] request, int answerBytesMax, Consumer<byte[]> done);

    /// Waits until all that was submitted is answered.
    void drain();

    /// The guest's driver has gone, and with it all that it had open.
    void reset();

    /// Whether the guest has something open here, as it has while it has the share mounted.
    boolean inUse();
}
