package holdfast.bench;

import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

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

    /// The geometric mean over the steady group, if any of it was run.
    static OptionalDouble geometricMean(List<Row> rows, ToDoubleFunction<Row> ratio) {
        return rows.stream()
                .filter(row -> row.benchmark().group() == Group.STEADY)
                .mapToDouble(row -> Math.log(ratio.applyAsDouble(row)))
                .average()
                .stream()
                .map(Math::exp)
                .findFirst();
    }
}
