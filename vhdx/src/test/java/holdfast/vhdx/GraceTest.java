package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GraceTest {
    @Test
    void whoWaitsWaitsForThoseWhoWereInsideAndNotForOthers() throws Exception {
        var grace = new Grace();
        int inside = grace.enter();
        Thread waiter = Thread.ofPlatform().start(grace::await);
        while (waiter.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        int later = grace.enter();
        assertThat(waiter.isAlive()).isTrue();
        grace.leave(inside);
        waiter.join(TimeUnit.SECONDS.toMillis(30));
        assertThat(waiter.isAlive()).as("the later one is still inside").isFalse();
        grace.leave(later);
        grace.await();
    }

    /// A place is used by readers until it is taken away; they must never find it reused.
    @Test
    void nobodyIsInsideThatSawWhatHasBeenTakenAway() throws Exception {
        var grace = new Grace();
        var uses = new AtomicIntegerArray(1000);
        var place = new AtomicInteger();
        var wrong = new AtomicInteger();
        var readers = new Thread[3];
        for (int i = 0; i < readers.length; i++) {
            readers[i] = Thread.ofPlatform().start(() -> {
                while (place.get() < uses.length() - 1) {
                    int entered = grace.enter();
                    int mine = place.get();
                    wrong.addAndGet(uses.get(mine));
                    grace.leave(entered);
                }
            });
        }
        for (int next = 1; next < uses.length(); next++) {
            place.set(next);
            grace.await();
            uses.set(next - 1, 1);
        }
        for (Thread reader : readers) {
            reader.join();
        }
        assertThat(wrong).hasValue(0);
    }
}
