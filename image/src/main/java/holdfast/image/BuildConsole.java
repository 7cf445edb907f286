package holdfast.image;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Listens to the console of a machine that makes a disk: `@@` lines are for us, the rest is for a log.
final class BuildConsole {
    private static final int LINES_MAX = 2000;

    private static final Pattern STEP = Pattern.compile("@@ step (.*)");
    private static final Pattern PACKAGE = Pattern.compile("@@ package (\\d+) (\\d+) .*");
    private static final Pattern FAILED = Pattern.compile("@@ failed (.*)");

    private final Progress progress;
    private final Deque<String> lines = new ArrayDeque<>();
    private boolean done;
    private String failure = "the machine ended early";

    BuildConsole(Progress progress) {
        this.progress = progress;
    }

    void line(String line) {
        lines.add(line);
        if (lines.size() > LINES_MAX) {
            lines.remove();
        }
        Matcher step = STEP.matcher(line);
        Matcher counted = PACKAGE.matcher(line);
        Matcher failed = FAILED.matcher(line);
        if (step.matches()) {
            progress.phase(step.group(1));
        } else if (counted.matches()) {
            progress.steps(Long.parseLong(counted.group(1)), Long.parseLong(counted.group(2)));
        } else if (failed.matches()) {
            failure = failed.group(1) + " failed";
        } else if (line.equals("@@ done")) {
            done = true;
        }
    }

    boolean isDone() {
        return done;
    }

    String failure() {
        return failure;
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}
