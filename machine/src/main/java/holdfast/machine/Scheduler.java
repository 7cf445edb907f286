package holdfast.machine;

/// Runs the harts. It starts standing; [#run] and [#stand] follow each other.
sealed interface Scheduler extends AutoCloseable permits ParallelScheduler, DeterministicScheduler {
    /// Lets the harts run.
    void run();

    /// Returns when every hart stands at an instruction boundary.
    void stand();

    /// The harts stand and the devices have become quiet: nothing from outside touches the guest until [#run].
    void quiesce();

    /// Instructions retired by all harts together; exact while they stand.
    long retired();

    /// Stands, and ends the threads.
    @Override
    void close();
}
