package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OutboxTest {
    private final Outbox outbox = new Outbox();
    private final List<Integer> done = new ArrayList<>();

    @Test
    void aHartWaitsWhileTooManyBytesAreOwedToASlowPort() throws Exception {
        var reading = new CountDownLatch(1);
        var mayRead = new CountDownLatch(1);
        outbox.add(
                () -> {
                    reading.countDown();
                    await(mayRead);
                    done.add(0);
                },
                1);
        Thread slow = Thread.ofPlatform().start(outbox::flush);
        reading.await();
        outbox.awaitRoom();
        outbox.add(() -> done.add(1), (int) Outbox.OWED_BYTES_MAX);
        assertThat(outbox.full()).isFalse();
        outbox.add(() -> done.add(2), 1);
        assertThat(outbox.full()).isTrue();

        Thread hart = Thread.ofPlatform().start(outbox::awaitRoom);
        Awaitility.await().until(() -> hart.getState() == Thread.State.WAITING);
        mayRead.countDown();
        hart.join();
        slow.join();
        assertThat(outbox.full()).isFalse();
        assertThat(done).containsExactly(0, 1, 2);
    }

    @Test
    void manySmallCallsAreTooManyAsWell() {
        for (int i = 0; i < 2000; i++) {
            outbox.add(() -> done.add(1), 0);
        }
        assertThat(outbox.full()).isTrue();
        outbox.flush();
        assertThat(outbox.full()).isFalse();
        assertThat(done).hasSize(2000);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(50, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
