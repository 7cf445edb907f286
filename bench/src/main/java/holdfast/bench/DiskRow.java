package holdfast.bench;

/// A result: what one of ours costs, and what it is compared with.
///
/// @param name what is done
/// @param byTime whether what counts is wall time, not the server's CPU time
/// @param place the group: where the disk's file is, or what it is
/// @param peer who else did it
record DiskRow(String name, boolean byTime, String place, String peer, Cost ours, Cost theirs) {

    /// What one request costs.
    ///
    /// @param cpuMicros CPU time of the server, not a number where it was not measured
    /// @param wallMicros wall time
    record Cost(double cpuMicros, double wallMicros) {}

    static DiskRow of(DiskLoad load, String place, String peer, Cost ours, Cost theirs) {
        return new DiskRow(load.name(), load.byTime(), place, peer, ours, theirs);
    }

    /// In the unit that counts here, microseconds.
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
        return byTime ? cost.wallMicros() : cost.cpuMicros();
    }
}
