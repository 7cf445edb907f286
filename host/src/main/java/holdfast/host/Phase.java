package holdfast.host;

/// How far a machine is in the inventory. Each is written down before what it names begins, so that whoever finds it knows what may have
/// been left half done.
enum Phase {
    /// Its directory is being made: what there is of it goes away.
    CREATING,
    /// It has no process.
    STOPPED,
    /// It has a process, or is about to have one.
    STARTED,
    /// Its directory is being removed: the rest goes too.
    REMOVING
}
