package holdfast.block;

/// A disk on space that was taken at once, and that has to be initialised (zeroed, or written) before it is read.
public interface LazilyInitialized {
    /// Bytes that are still to be initialised.
    long pendingBytes();

    /// Begins to initialise what is left, in the background, until that is done or the disk is closed. Once for an open disk, which is
    /// writable.
    ///
    /// @param bytesPerSecond at most so many; 0 for as fast as can be
    /// @param alarm what the rate is kept with
    LazyInitializer initialize(long bytesPerSecond, Alarm alarm);

    /// The disk's part in that.
    interface Blocks {
        int count();

        /// Initialises what is left of one block.
        ///
        /// @return bytes that were zeroed
        long initialize(int block) throws DiskException;

        long pendingBytes();

        /// Makes what was done durable.
        void flush() throws DiskException;
    }
}
