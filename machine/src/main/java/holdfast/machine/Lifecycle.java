package holdfast.machine;

import java.io.IOException;

/// A part of the virtual computer that has state. Every device implements it, and the machine drives all of them
/// through the same transitions:
///
/// ```
/// new → reset → running ⇄ paused → closed      save: only while paused;  restore: only while paused, after reset
/// ```
interface Lifecycle {
    /// Name of this part's record in the saved state, stable between versions, e.g. `virtio-blk0`.
    String name();

    /// Version of the record that [#save] writes. A part reads the records of its older versions too.
    default int version() {
        return 1;
    }

    /// To the state after power-on. Called while no hart runs.
    void reset();

    /// Makes the device quiet: when it returns nothing touches guest memory or raises an interrupt until [#resume].
    /// In-flight requests are completed or cancelled and remembered for reissue. Called when no hart runs.
    default void pause() {}

    /// Goes on after [#pause], or for the first time after [#reset]; reissues what was remembered.
    default void resume() {}

    /// Writes this part's record. Called while paused.
    void save(StateWriter out) throws IOException;

    /// Reads what [#save] wrote. Called while paused, on a fresh machine of the same shape.
    ///
    /// @throws IOException when the record is damaged or of an unknown version
    void restore(StateReader in) throws IOException;

    /// Releases host resources.
    default void close() {}
}
