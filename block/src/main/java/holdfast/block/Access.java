package holdfast.block;

/// What a disk is opened for, and with whom it is shared meanwhile.
public enum Access {
    /// Nothing is changed; others may read it too.
    READ_ONLY,
    /// Nobody else has it open.
    READ_WRITE
}
