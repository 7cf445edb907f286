package holdfast.house.samples.block;

import java.util.concurrent.TimeUnit;

/// Sleeps, in both ways there are.
record Sleeps(long millis) {

    void sleep() throws InterruptedException {
        Thread.sleep(millis);
        TimeUnit.MILLISECONDS.sleep(millis);
    }
}
