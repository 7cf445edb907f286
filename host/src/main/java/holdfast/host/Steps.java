package holdfast.host;

import java.util.concurrent.atomic.AtomicInteger;

/// Where a test has the daemon killed: before and after each thing that it writes down. Nothing happens here unless the JVM is told a number by the
/// property [#PROPERTY]; then the process is gone at the step of that number, as by kill -9.
final class Steps {
    /// The number of a step, from 1 on.
    static final String PROPERTY = "holdfast.host.killAtStep";

    /// 128 + SIGKILL.
    private static final int KILLED = 137;

    private static final int LAST = Integer.getInteger(PROPERTY, 0);
    private static final AtomicInteger REACHED = new AtomicInteger();

    private Steps() {}

    /// One more step.
    static void reached() {
        if (LAST > 0 && REACHED.incrementAndGet() == LAST) {
            Runtime.getRuntime().halt(KILLED);
        }
    }
}
