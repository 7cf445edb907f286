package holdfast.block;

/// A layer of a disk, as its [DiskDescriptor] names it.
public sealed interface Layer permits StorageLayer, LazyLayer {}
