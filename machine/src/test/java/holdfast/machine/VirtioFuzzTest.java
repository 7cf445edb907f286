package holdfast.machine;

import holdfast.testkit.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Drivers that send garbage to every virtio device. Whatever they do, nothing is thrown, nothing hangs, and after a reset
/// the device works. Inputs that made a device do something new are kept in `src/test/resources/virtio-fuzz` and run
/// first; a failure and what the long run finds new are left in `target/virtio-fuzz`.
@ResourceLock("log of VirtioDevice")
class VirtioFuzzTest {
    private static final int SCRIPT_BYTES_MAX = 2000;
    /// For all devices together.
    private static final long SECONDS = Long.getLong("holdfast.fuzzSeconds", 5);
    private static final long SECONDS_LONG = Long.getLong("holdfast.fuzzSecondsLong", 600);

    static List<String> types() {
        return FuzzSubject.TYPES;
    }

    @ParameterizedTest
    @MethodSource("types")
    void everyDeviceSurvivesGarbage(String type) throws IOException {
        fuzz(type, SECONDS, System.nanoTime());
    }

    @ParameterizedTest
    @MethodSource("types")
    @Tag("long")
    void everyDeviceSurvivesHoursOfGarbage(String type) throws IOException {
        fuzz(type, SECONDS_LONG, System.nanoTime());
    }

    private static void fuzz(String type, long secondsForAll, long seed) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(secondsForAll) / FuzzSubject.TYPES.size();
        List<byte[]> corpus = corpus(type);
        Set<String> seen = new HashSet<>();
        for (byte[] script : corpus) {
            seen.addAll(run(type, script));
        }
        var random = new Random(seed);
        while (System.nanoTime() < end) {
            byte[] script = script(random, corpus);
            if (seen.addAll(run(type, script))) {
                corpus.add(script);
                leave(type, "new-" + seen.size() + ".bin", script);
            }
        }
    }

    private static List<byte[]> corpus(String type) throws IOException {
        List<byte[]> corpus = new ArrayList<>();
        Path directory = Tree.root().resolve("machine/src/test/resources/virtio-fuzz").resolve(type);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                corpus.add(Files.readAllBytes(file));
            }
        }
        return corpus;
    }

    /// Something new, or something old with changes.
    private static byte[] script(Random random, List<byte[]> corpus) {
        if (corpus.isEmpty() || random.nextInt(4) == 0) {
            byte[] fresh = new byte[random.nextInt(SCRIPT_BYTES_MAX)];
            random.nextBytes(fresh);
            return fresh;
        }
        byte[] script = corpus.get(random.nextInt(corpus.size())).clone();
        for (int changes = random.nextInt(8); changes > 0 && script.length > 0; changes--) {
            script[random.nextInt(script.length)] = (byte) random.nextInt();
        }
        byte[] tail = corpus.get(random.nextInt(corpus.size()));
        if (random.nextBoolean() && script.length > 0 && tail.length > 0) {
            int cut = random.nextInt(script.length);
            int from = random.nextInt(tail.length);
            int length = Math.min(SCRIPT_BYTES_MAX, cut + tail.length - from);
            byte[] spliced = Arrays.copyOf(script, length);
            System.arraycopy(tail, from, spliced, cut, Math.max(0, length - cut));
            return spliced;
        }
        return script;
    }

    /// @return what the device did, as far as it can be seen
    private static Set<String> run(String type, byte[] script) throws IOException {
        var mistakes = new Mistakes();
        try {
            Set<String> happened = FuzzSubject.of(type).survive(script);
            happened.addAll(mistakes.heard());
            return happened;
        } catch (RuntimeException | Error e) {
            leave(type, "failure.bin", script);
            throw new AssertionError(type + " did not survive " + HexFormat.of().formatHex(script), e);
        } finally {
            mistakes.close();
        }
    }

    private static void leave(String type, String name, byte[] script) throws IOException {
        Path directory = Files.createDirectories(Tree.root().resolve("machine/target/virtio-fuzz").resolve(type));
        Files.write(directory.resolve(name), script);
    }

    /// Listens to the drivers' mistakes that a device logs.
    private static final class Mistakes extends Handler {
        private final Logger logger = Logger.getLogger(VirtioDevice.class.getName());
        private final Set<String> heard = new TreeSet<>();

        Mistakes() {
            logger.setLevel(Level.FINE);
            logger.setUseParentHandlers(false);
            logger.addHandler(this);
        }

        Set<String> heard() {
            return heard;
        }

        @Override
        public void publish(LogRecord message) {
            heard.add(message.getMessage().replaceAll("\\d+", "N"));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            logger.removeHandler(this);
            logger.setUseParentHandlers(true);
            logger.setLevel(null);
        }
    }
}
