package holdfast.machine;

/// One thing that passed the event gate.
///
/// @param turn the gate point, counted from the start of the run
/// @param retired instructions retired by all harts at that point
/// @param source index of the source, in order of registration
/// @param number for a completion, which of the source's requests it answers
record RecordedEvent(Kind kind, long turn, long retired, int source, long number, byte[] payload) {
    enum Kind {
        /// Declares a source; the payload is its name.
        SOURCE,
        /// Something offered.
        OFFER,
        /// A completion of something expected.
        COMPLETION,
        /// The answer to a question.
        ANSWER,
        /// A digest of memory and registers, eight bytes.
        DIGEST,
        /// The run has ended here.
        END
    }
}
