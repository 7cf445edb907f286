package holdfast.host;

/// What a machine's process is asked over its control socket.
///
/// @param argument empty where the verb takes none
record Question(Verb verb, String argument) {
    enum Verb {
        /// What its process has of the host's memory.
        MEMORY,
        /// How it is, now and whenever that changes, until its end.
        WATCH,
        PAUSE,
        RESUME,
        /// A power-on reset.
        RESET,
        /// The guest is asked to stop by itself.
        SHUTDOWN,
        /// The guest is asked to stop by itself and start again.
        REBOOT,
        /// The power is cut.
        POWER_OFF,
        /// The state is saved, and the process ends.
        SAVE,
        /// Memory is taken from the guest or given back, or a disk is made larger: the argument is a [Requests.Resize] in JSON.
        RESIZE,
        /// The connection becomes the guest's console.
        CONSOLE,
        /// The connection becomes that of a command, which is the argument.
        EXEC
    }
}
