package holdfast.block;

/// A layer of a disk, as its [DiskDescriptor] names it.
public sealed interface Layer permits StorageLayer, LazyLayer, ProvisionedLayer, JournalLayer {
    /// Where this layer's state ends in the descriptor's file.
    ///
    /// @param sizeBytes of the disk
    default long stateEnd(long sizeBytes) {
        return DescriptorFile.STATE_OFFSET;
    }

    /// A checksum proves that somebody wrote it so, not that it makes sense.
    ///
    /// @param sizeBytes of the disk
    default boolean isSound(long sizeBytes) {
        return true;
    }
}
