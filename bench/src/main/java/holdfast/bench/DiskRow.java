package holdfast.bench;

/// A result: one load, on one kind of storage, of ours and of one peer.
///
/// @param place where the disk's file is: `tmpfs` or `file`
record DiskRow(DiskLoad load, String place, DiskServer peer, Cost ours, Cost theirs) {

    /// What one request costs.
    ///
    /// @param cpuMicros CPU time of the server
    /// @param wallMicros wall time
    record Cost(double cpuMicros, double wallMicros) {}

    /// In the unit that counts for this load, microseconds.
    double oursMicros() {
        return counts(ours);
    }

    double theirsMicros() {
        return counts(theirs);
    }

    /// Above 1: ours costs less.
    double ratio() {
        return theirsMicros() / oursMicros();
    }

    private double counts(Cost cost) {
        return load.byTime() ? cost.wallMicros() : cost.cpuMicros();
    }
}
