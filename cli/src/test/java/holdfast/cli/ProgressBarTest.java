package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final AtomicLong nanos = new AtomicLong();

    private ProgressBar bar(boolean terminal) {
        return new ProgressBar(new PrintStream(printed, true, StandardCharsets.UTF_8), terminal, nanos::get);
    }

    private String last() {
        String[] lines = printed.toString(StandardCharsets.UTF_8).split("\r\033\\[K", -1);
        return lines[lines.length - 1];
    }

    @Test
    void offATerminalItSaysNothing() {
        try (ProgressBar bar = bar(false)) {
            bar.at("fetching", 1, 2);
        }
        assertThat(printed.size()).isZero();
    }

    @Test
    void itShowsShareRateAndTimeLeft() {
        try (ProgressBar bar = bar(true)) {
            bar.at("fetching", 0, 112 << 20);
            nanos.set(4_000_000_000L);
            bar.at("fetching", 28 << 20, 112 << 20);
            assertThat(last()).isEqualTo("fetching [######                  ] 28.0 MiB of 112 MiB  7.00 MiB/s  12 s left");
        }
    }

    @Test
    void anUnknownTotalHasNoBar() {
        try (ProgressBar bar = bar(true)) {
            bar.at("reading", 0, -1);
            nanos.set(1_000_000_000L);
            bar.at("reading", 2 << 20, -1);
            assertThat(last()).isEqualTo("reading  2.00 MiB  2.00 MiB/s");
        }
    }

    @Test
    void hoursAreWrittenOut() {
        try (ProgressBar bar = bar(true)) {
            bar.at("x", 0, 10_000);
            nanos.set(1_000_000_000L);
            bar.at("x", 1, 10_000);
            assertThat(last()).endsWith("1 B/s  2:46:39 left");
        }
    }

    @Test
    void itIsNotRedrawnMoreThanTenTimesASecond() {
        try (ProgressBar bar = bar(true)) {
            bar.at("x", 0, 1_000);
            for (int i = 1; i < 1_000; i++) {
                nanos.addAndGet(1_000_000);
                bar.at("x", i, 1_000);
            }
            assertThat(printed.toString(StandardCharsets.UTF_8).split("\r")).hasSizeLessThan(13);
        }
    }

    @Test
    void nothingOfItIsLeft() {
        try (ProgressBar bar = bar(true)) {
            bar.at("x", 0, 10);
        }
        assertThat(last()).isEmpty();
    }
}
