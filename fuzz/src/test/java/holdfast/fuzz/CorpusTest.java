package holdfast.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Tree;
import holdfast.vhdx.VhdxDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The inputs that fuzzing began with get behind the first doors: else it would go on knocking at them.
@Timeout(60)
class CorpusTest {
    @TempDir
    Path directory;

    private static byte[] kept(String target, String name) throws IOException {
        return Files.readAllBytes(Tree.root().resolve("fuzz/corpus").resolve(target).resolve("seeds").resolve(name + ".bin"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dynamic", "coarse", "fixed", "huge", "child", "dirty", "dirty-child"})
    void theDiskCanBeOpenedReadAndChanged(String name) throws IOException {
        assertThat(new VhdxTarget(directory).run(kept("vhdx", name))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"dirty", "dirty-child"})
    void theDiskHasALogThatIsToBeReplayed(String name) throws IOException {
        new VhdxTarget(directory);
        Path disk = directory.resolve("disk.vhdx");
        SparseImage.decode(kept("vhdx", name)).writeTo(disk);
        assertThat(VhdxDisk.info(disk).dirty()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"all, 20", "name, 0", "abort, 2"})
    void theServerAnswersTheHandshake(String name, int replies) throws IOException {
        try (var stage = new Stage(directory)) {
            assertThat(HandshakeTarget.run(stage, kept("handshake", name))).isEqualTo(replies);
        }
    }

    @ParameterizedTest
    @CsvSource({"mode-0, 9", "mode-1, 10", "mode-2, 12", "mode-3, 12", "contexts, 1", "read-only, 7"})
    void theServerDoesWhatIsAsked(String name, int succeeded) throws IOException {
        try (var stage = new Stage(directory)) {
            assertThat(RequestsTarget.run(stage, kept("requests", name))).isEqualTo(succeeded);
        }
    }

    @ParameterizedTest
    @CsvSource({"look, true", "open, true", "structured, true", "old, true", "refused, false", "injected, false", "tls, false"})
    void theClientHearsTheGreeting(String name, boolean agrees) throws IOException {
        try (var impostor = new Impostor(directory)) {
            assertThat(GreetingTarget.run(impostor, kept("greeting", name))).isEqualTo(agrees);
        }
    }

    @ParameterizedTest
    @CsvSource({"mode-0, 7", "mode-1, 7", "mode-2, 8", "mode-3, 8", "errors, 0", "half, 3", "shut-down, 0", "nothing, 0"})
    void theClientHearsTheReplies(String name, int good) throws IOException {
        try (var impostor = new Impostor(directory)) {
            assertThat(RepliesTarget.run(impostor, kept("replies", name))).isEqualTo(good);
        }
    }

    @Test
    void anImageWithoutItsZerosIsTheImage() throws IOException {
        var file = new byte[3 << 20];
        var random = new Random(1);
        for (int i = 0; i < 50; i++) {
            var some = new byte[1 + random.nextInt(200)];
            random.nextBytes(some);
            System.arraycopy(some, 0, file, (1 << 20) + random.nextInt(file.length - (1 << 20) - some.length), some.length);
        }
        new SparseImage(0, 3, SparseImage.decode(SparseImage.of(file).encode()).parts()).writeTo(directory.resolve("image"));
        assertThat(Files.readAllBytes(directory.resolve("image"))).isEqualTo(file);
    }
}
