package holdfast.host;

/// What a network's process is asked over its control socket.
///
/// @param plan of CONFIGURE; else empty
record NetQuestion(Verb verb, NetPlan plan) {
    enum Verb {
        /// How it is; and the connection stays until the process ends.
        WATCH,
        /// From now on these are its machines and ports.
        CONFIGURE,
        /// It ends.
        STOP
    }
}
