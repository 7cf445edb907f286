package holdfast.nbd;

/// What a client and the server have agreed on.
///
/// @param blockStatus whether the client selected `base:allocation` for this export
record Negotiated(Export export, ReplyFormat format, boolean blockStatus) {}
