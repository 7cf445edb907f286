package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkQueueTest {
    private final CountDownLatch storage = new CountDownLatch(1);
    private final AtomicInteger started = new AtomicInteger();
    private final Underway underway = new Underway("test", 4);
    private final WorkQueue queue = new WorkQueue("test", 2, underway, this::work);
    private final List<CompletableFuture<IoStatus>> ends = new ArrayList<>();

    private IoStatus work(Request request) {
        started.incrementAndGet();
        try {
            storage.await();
        } catch (InterruptedException e) {
            return IoStatus.IO_ERROR;
        }
        if (request instanceof Request.Discard) {
            throw new IllegalStateException("a fault of ours");
        }
        return IoStatus.OK;
    }

    private Request submit() {
        return submit(new CompletableFuture<>());
    }

    private Request submit(CompletableFuture<IoStatus> end) {
        underway.enter();
        ends.add(end);
        var request = new Request.Flush((_, status) -> end.complete(status));
        queue.add(request);
        return request;
    }

    @AfterEach
    void stop() {
        storage.countDown();
        underway.close();
        queue.stop();
    }

    @Test
    void twoRunAtOnceAndTheRestWaits() {
        for (int i = 0; i < 4; i++) {
            submit();
        }
        while (started.get() < 2) {
            Thread.onSpinWait();
        }
        assertThat(underway.drain(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20))).isFalse();
        assertThat(started).hasValue(2);
        storage.countDown();
        assertThat(ends).allMatch(end -> end.join() == IoStatus.OK);
    }

    @Test
    void whatWaitsCanBeCancelledAndWhatRunsMayHappen() {
        Request first = submit();
        Request second = submit();
        Request third = submit();
        while (started.get() < 2) {
            Thread.onSpinWait();
        }
        assertThat(queue.cancel(third)).isEqualTo(BlockDevice.Cancellation.CANCELLED);
        assertThat(ends.get(2).join()).isEqualTo(IoStatus.CANCELLED);
        assertThat(queue.cancel(first)).isEqualTo(BlockDevice.Cancellation.UNKNOWN);
        storage.countDown();
        assertThat(ends.get(0).join()).isEqualTo(IoStatus.OK);
        assertThat(ends.get(1).join()).isEqualTo(IoStatus.OK);
        assertThat(underway.drain(Long.MAX_VALUE)).isTrue();
        assertThat(queue.cancel(second)).isEqualTo(BlockDevice.Cancellation.DONE);
        assertThat(started).hasValue(2);
    }

    @Test
    void aFullQueueMakesTheNextWait() throws Exception {
        for (int i = 0; i < 4; i++) {
            submit();
        }
        var entered = new CountDownLatch(1);
        Thread fifth = Thread.ofPlatform().start(() -> {
            submit();
            entered.countDown();
        });
        while (fifth.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        assertThat(entered.getCount()).isEqualTo(1);
        storage.countDown();
        entered.await();
        fifth.join();
    }

    @Test
    void closingWaitsForAllAndLetsTheThreadsEnd() {
        submit();
        submit();
        submit();
        storage.countDown();
        assertThat(underway.close()).isTrue();
        assertThat(ends).allMatch(CompletableFuture::isDone);
        assertThat(underway.close()).isFalse();
    }

    @Test
    void aFaultOfOursEndsTheRequestAndNotTheThread() {
        storage.countDown();
        try (var _ = Silence.of(WorkQueue.class)) {
            for (int i = 0; i < 10; i++) {
                var end = new CompletableFuture<IoStatus>();
                underway.enter();
                queue.add(new Request.Discard(0, 512, (_, status) -> end.complete(status)));
                assertThat(end.join()).isEqualTo(IoStatus.IO_ERROR);
            }
        }
        submit();
        assertThat(ends.getFirst().join()).isEqualTo(IoStatus.OK);
    }

    @Test
    void aCompletionThatThrowsDoesNotStopTheQueue() {
        storage.countDown();
        try (var _ = Silence.of(Underway.class)) {
            underway.enter();
            queue.add(new Request.Flush((_, _) -> {
                throw new IllegalStateException("a fault of the caller");
            }));
            submit();
            assertThat(ends.getFirst().join()).isEqualTo(IoStatus.OK);
            assertThat(underway.drain(System.nanoTime() + TimeUnit.SECONDS.toNanos(60))).isTrue();
        }
    }
}
