package holdfast.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// What one program's repetitions took, in their order; and whether they have become steady: in wall time or in CPU time, which a
/// busy machine disturbs less.
final class Samples {
    /// This many in a row have to agree.
    static final int AGREEING = 3;

    /// How far apart they may be, as a part of the shortest.
    static final double TOLERANCE = 0.03;

    /// CPU time is counted in hundredths: what is shorter agrees by accident.
    static final double CPU_SECONDS_MIN = 0.2;

    private final List<Double> seconds = new ArrayList<>();
    private final List<Double> cpuSeconds = new ArrayList<>();

    void add(double wall, double cpu) {
        seconds.add(wall);
        cpuSeconds.add(cpu);
    }

    int count() {
        return seconds.size();
    }

    double total() {
        return sum(seconds);
    }

    boolean isSteady() {
        return steadyFrom().isPresent();
    }

    /// How long the program ran before the first of the repetitions that agree; all of the time if none do.
    double secondsToSteady() {
        return sum(seconds.subList(0, steadyFrom().orElse(seconds.size())));
    }

    private OptionalInt steadyFrom() {
        for (int from = 0; from + AGREEING <= seconds.size(); from++) {
            if (agree(seconds.subList(from, from + AGREEING), 0)
                    || agree(cpuSeconds.subList(from, from + AGREEING), CPU_SECONDS_MIN)) {
                return OptionalInt.of(from);
            }
        }
        return OptionalInt.empty();
    }

    private static boolean agree(List<Double> some, double least) {
        double min = some.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
        double max = some.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
        return min >= least && max - min <= TOLERANCE * min;
    }

    private static double sum(List<Double> some) {
        return some.stream().mapToDouble(Double::doubleValue).sum();
    }

    /// The middle one, or the mean of the middle two.
    ///
    /// @throws IllegalArgumentException when there are none
    static double median(List<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("no values");
        }
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
