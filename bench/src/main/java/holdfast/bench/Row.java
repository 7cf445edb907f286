package holdfast.bench;

import java.util.List;
import java.util.OptionalDouble;

/// A benchmark's result.
record Row(Benchmark benchmark, Measurement ours, Measurement theirs) {

    /// Above 1: Holdfast is faster.
    double ratio() {
        return theirs.seconds() / ours.seconds();
    }

    /// The same for the host's CPU time, which a busy machine disturbs less.
    double cpuRatio() {
        return theirs.cpuSeconds() / ours.cpuSeconds();
    }

    /// The geometric mean of the steady group's ratios, if any of it was run.
    static OptionalDouble geometricMean(List<Row> rows) {
        return rows.stream()
                .filter(row -> row.benchmark().group() == Group.STEADY)
                .mapToDouble(row -> Math.log(row.ratio()))
                .average()
                .stream()
                .map(Math::exp)
                .findFirst();
    }
}
