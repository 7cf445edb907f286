package holdfast.block;

/// How a request ended. Anything but [#OK] leaves the content of a written range unknown, old or new byte by byte,
/// unless the constant says that nothing happened.
public enum IoStatus {
    OK,
    /// The storage failed.
    IO_ERROR,
    /// There was no room for the data on the storage.
    NO_SPACE,
    /// The device was opened read-only. Nothing happened.
    READ_ONLY,
    /// The range is not within the disk, or not a multiple of its logical block. Nothing happened.
    OUT_OF_RANGE,
    /// The device cannot do this, or not as fast as was asked. Nothing happened.
    UNSUPPORTED,
    /// It was stopped by [BlockDevice#cancel]. Nothing happened.
    CANCELLED,
    /// The claim under which the device was opened is no longer held. Nothing happened.
    FENCED
}
