package holdfast.machine;

/// What an engine can do. Ask before relying on it: another engine may lack any of these.
public enum Capability {
    /// Runs in [SchedulingMode#DETERMINISTIC], records and replays.
    DETERMINISTIC,
    /// Saves and restores whole state.
    SAVE,
    /// Saves what changed since a dirty handle was last read, and applies such a delta to a paused machine.
    SAVE_DELTA,
    /// Lets its ports be replaced while paused, holds, releases and taps its outputs.
    PORTS
}
