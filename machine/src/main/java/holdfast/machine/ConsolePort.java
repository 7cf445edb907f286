package holdfast.machine;

/// The outside of a character device: a UART, a virtio-console port.
public interface ConsolePort {
    /// Bytes from the guest. Called in order, on a hart's thread; must not block for long.
    void output(byte[] bytes, int offset, int length);

    /// The guest has opened or closed its end (virtio ports only).
    default void guestOpen(boolean open) {}

    /// Connects the way in: called once when the machine is built, and again when the port is replaced.
    default void attach(Input input) {}

    /// What the host can do to a character device. Thread-safe; everything passes the event gate.
    interface Input {
        /// Bytes for the guest, all of them. Blocks, a bounded time, while the device's queue of 64 KiB is full.
        void input(byte[] bytes) throws InterruptedException;

        /// The host opens or closes its end: a guest that reads a closed port sees its end (virtio ports only).
        void hostOpen(boolean open);
    }
}
