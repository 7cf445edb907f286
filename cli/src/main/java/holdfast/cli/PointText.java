package holdfast.cli;

import holdfast.journal.Timeline;

/// What is said of a point that was chosen.
final class PointText {
    private PointText() {}

    static String of(Timeline.Point point) {
        return "as it was behind entry " + point.sequence() + ", of " + point.time() + ": it " + point.reason();
    }
}
