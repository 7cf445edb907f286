package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TypedInputTest {
    @Test
    void whatIsPutIsReadInOrderUpToTheEnd() throws Exception {
        byte[] all = new byte[100_000];
        new Random(1).nextBytes(all);
        var input = new TypedInput();
        CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> readAll(input), task -> Thread.ofVirtual().start(task));
        for (int at = 0; at < all.length; at += 1000) {
            input.put(Arrays.copyOfRange(all, at, at + 1000));
        }
        input.put(new byte[0]);
        assertThat(read.get(30, TimeUnit.SECONDS)).isEqualTo(all);
    }

    private static byte[] readAll(TypedInput input) {
        try {
            return input.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void nobodyWaitsForACommandThatHasEnded() throws Exception {
        var input = new TypedInput();
        input.close();
        for (int i = 0; i < 1000; i++) {
            input.put(new byte[] {1});
        }
    }
}
