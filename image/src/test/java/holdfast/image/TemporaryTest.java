package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TemporaryTest {
    private static final int FILES = 300;
    private static final int ROUNDS = 10;

    @TempDir
    Path directory;

    @Test
    void whatTwoRemoveAtOnceIsGoneWhenEitherHasDone() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Path tree = Files.createDirectories(directory.resolve("tree"));
            for (int i = 0; i < FILES; i++) {
                Files.createFile(Files.createDirectories(tree.resolve("d" + i % 7)).resolve("f" + i));
            }
            var start = new CyclicBarrier(2);
            CompletableFuture<Boolean> one = CompletableFuture.supplyAsync(() -> leavesAfterRemoving(tree, start));
            CompletableFuture<Boolean> other = CompletableFuture.supplyAsync(() -> leavesAfterRemoving(tree, start));
            assertThat(one.get()).isFalse();
            assertThat(other.get()).isFalse();
        }
    }

    private static boolean leavesAfterRemoving(Path tree, CyclicBarrier start) {
        try {
            start.await();
            Temporary.remove(tree);
            return Files.exists(tree);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatIsNotThereIsRemoved() throws Exception {
        Temporary.remove(directory.resolve("none"));
        assertThat(directory).isEmptyDirectory();
    }
}
