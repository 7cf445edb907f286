package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OutletTest {
    private static final long SECONDS_10 = 10_000_000_000L;

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final AtomicInteger broken = new AtomicInteger();

    private Outlet outlet(OutputStream target) {
        return new Outlet("test", target, broken::incrementAndGet);
    }

    private static void write(Outlet outlet, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        outlet.write(bytes, 0, bytes.length);
    }

    @Test
    void everythingArrivesInOrder() {
        try (Outlet outlet = outlet(written)) {
            var expected = new StringBuilder();
            for (int i = 0; i < 100_000; i++) {
                write(outlet, i + " ");
                expected.append(i).append(' ');
            }
            assertThat(outlet.drain(SECONDS_10)).isTrue();
            assertThat(written.toString(StandardCharsets.UTF_8)).isEqualTo(expected.toString());
        }
    }

    @Test
    void moreThanFitsGoesThroughInPieces() {
        try (Outlet outlet = outlet(written)) {
            write(outlet, "x".repeat(3 * Outlet.CAPACITY_BYTES + 1));
            assertThat(outlet.drain(SECONDS_10)).isTrue();
            assertThat(written.size()).isEqualTo(3 * Outlet.CAPACITY_BYTES + 1);
        }
    }

    @Test
    void aSlowReaderHoldsUpTheWriterAndCloseFreesIt() throws Exception {
        var stuck = new CountDownLatch(1);
        Outlet outlet = outlet(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                try {
                    stuck.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        });
        Thread writer = Thread.ofPlatform().start(() -> write(outlet, "x".repeat(4 * Outlet.CAPACITY_BYTES)));
        await().until(() -> writer.getState() == Thread.State.WAITING);
        assertThat(outlet.drain(1)).isFalse();
        outlet.close();
        writer.join();
        stuck.countDown();
    }

    @Test
    void aReaderThatHasGoneIsReportedOnceAndTheRestDropped() {
        try (Outlet outlet = outlet(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        })) {
            write(outlet, "x");
            await().until(() -> broken.get() == 1);
            write(outlet, "x".repeat(2 * Outlet.CAPACITY_BYTES));
            assertThat(outlet.drain(SECONDS_10)).isTrue();
            assertThat(broken).hasValue(1);
        }
    }

    @Test
    void whatIsHeldComesOutAfterwards() {
        try (Outlet outlet = outlet(written)) {
            outlet.hold(true);
            write(outlet, "later");
            outlet.hold(false);
            assertThat(outlet.drain(SECONDS_10)).isTrue();
            assertThat(written).hasToString("later");
        }
    }

    @Test
    void holdingEndsWhenThereIsNoMoreRoom() {
        try (Outlet outlet = outlet(written)) {
            outlet.hold(true);
            write(outlet, "x".repeat(2 * Outlet.CAPACITY_BYTES));
            await().until(() -> written.size() >= Outlet.CAPACITY_BYTES);
        }
    }
}
