package holdfast.machine;

/// How memory that the guest does not need goes back to the host. Afterwards it reads as zeros and takes no space until
/// something is stored there again; the change is told to dirty logs and page watchers like any other.
@FunctionalInterface
interface PageRelease {
    /// @param guestOffset bytes from the start of RAM, a multiple of 4096
    /// @param lengthBytes a multiple of 4096
    void discard(long guestOffset, long lengthBytes);
}
