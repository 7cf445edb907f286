package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import holdfast.block.OperatorError;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ImageStoreTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    Path home;

    private ImageStore store;

    @BeforeEach
    void opens() {
        store = open();
    }

    private ImageStore open() {
        return ImageStore.open(home, Clock.fixed(NOW, ZoneOffset.UTC));
    }

    private static ImageStore.Builder parts(String kernel, String append) {
        return directory -> {
            Files.writeString(directory.resolve("kernel"), kernel);
            return new ImageParts(append, 1 << 20, List.of(new PackageVersion("p", "1")), null, true);
        };
    }

    private List<String> directories() throws IOException {
        try (Stream<Path> files = Files.list(home.resolve("images/data"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void anImageMadeBeforeImagesHadRecipesIsOfNone() throws Exception {
        store.fill("a", parts("k", "quiet"));
        assertThat(store.current("a", "any")).isPresent();

        removeLine("a", "recipe");

        assertThat(store.find("a")).isPresent();
        assertThat(store.current("a", "any")).isEmpty();
    }

    @Test
    void anImageWhoseDescriptionLacksSomethingIsRefused() throws Exception {
        store.fill("a", parts("k", "quiet"));
        removeLine("a", "append");

        assertThatThrownBy(() -> store.find("a"))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("a.json")
                .hasMessageContaining("damaged");
    }

    private void removeLine(String image, String field) throws IOException {
        Path manifest = home.resolve("images").resolve(image + ".json");
        Files.write(
                manifest,
                Files.readAllLines(manifest).stream()
                        .filter(line -> !line.contains('"' + field + '"'))
                        .toList());
    }

    @Test
    void whatWasBuiltIsFoundAgain() throws Exception {
        Image built = store.fill("a", parts("k", "quiet"));
        assertThat(open().find("a")).contains(built);
        assertThat(open().list()).containsExactly(built);
        assertThat(built.created()).isEqualTo(NOW);
        assertThat(built.append()).isEqualTo("quiet");
        assertThat(built.packages()).containsExactly(new PackageVersion("p", "1"));
        assertThat(Objects.requireNonNull(built.kernel())).hasContent("k");
        assertThat(built.initrd()).isNull();
        assertThat(store.find("b")).isEmpty();
        assertThat(store.find("../a")).isEmpty();
    }

    @Test
    void equalPartsHaveEqualDigestsAndOthersDoNot() throws Exception {
        String digest = store.fill("a", parts("k", "x")).digest();
        assertThat(store.fill("b", parts("k", "x")).digest()).isEqualTo(digest).startsWith("sha256:");
        assertThat(store.fill("c", parts("k", "y")).digest()).isNotEqualTo(digest);
        assertThat(store.fill("d", parts("l", "x")).digest()).isNotEqualTo(digest);
    }

    @Test
    void aBuildThatFailsLeavesTheOldImageAndNothingElse() throws Exception {
        Image old = store.fill("a", parts("old", ""));
        assertThatThrownBy(() -> store.fill("a", directory -> {
            Files.writeString(directory.resolve("kernel"), "half");
            throw new IOException("No space left on device");
        })).isInstanceOf(OperatorError.class).hasMessageContaining("no space left");
        assertThat(store.find("a")).contains(old);
        assertThat(directories()).containsExactly("a-1");
    }

    @Test
    void aNewBuildReplacesTheOldImageWhileGuestsGoOnWithIt() throws Exception {
        Image old = store.fill("a", parts("old", ""));
        try (ImageStore.Lease _ = store.use(old)) {
            Image renewed = store.fill("a", parts("new", ""));
            assertThat(Objects.requireNonNull(renewed.kernel())).hasContent("new");
            assertThat(Objects.requireNonNull(old.kernel())).hasContent("old");
        }
        open();
        assertThat(directories()).containsExactly("a-2");
    }

    @Test
    void whatAKilledBuildLeavesBehindIsRemovedAtTheNextOpening() throws Exception {
        Image kept = store.fill("a", parts("k", ""));
        Files.createDirectories(home.resolve("images/data/b-1"));
        Files.writeString(home.resolve("images/data/b-1/disk"), "half");
        Files.writeString(home.resolve("images/.b.json.part"), "{");
        assertThat(open().list()).containsExactly(kept);
        assertThat(directories()).containsExactly("a-1");
    }

    @Test
    void aBuildUnderWayIsLeftAlone() throws Exception {
        store.fill("a", directory -> {
            Files.writeString(directory.resolve("kernel"), "k");
            open();
            assertThat(directory.resolve("kernel")).exists();
            return new ImageParts("", 1, List.of(), null, false);
        });
        assertThat(store.find("a")).isPresent();
    }

    @Test
    void anImageInUseIsNotRemovedAndOneThatIsNotIs() throws Exception {
        Image image = store.fill("a", parts("k", ""));
        try (ImageStore.Lease _ = store.use(image)) {
            store.use(image).close();
            assertThatThrownBy(() -> store.remove("a")).isInstanceOf(OperatorError.class).hasMessageContaining("in use");
        }
        store.remove("a");
        assertThat(store.list()).isEmpty();
        assertThat(directories()).isEmpty();
        assertThatThrownBy(() -> store.remove("a")).isInstanceOf(OperatorError.class).hasMessageContaining("none of this name");
        assertThatThrownBy(() -> store.use(image)).isInstanceOf(OperatorError.class);
    }

    @Test
    void whatOthersMakeAndRemoveMeanwhileDisturbsNobody() throws Exception {
        store.fill("kept", parts("k", ""));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var others = List.of("a", "b").stream()
                    .map(name -> threads.submit(() -> {
                        for (int i = 0; i < 100; i++) {
                            store.fill(name, parts("k" + i, ""));
                            open().remove(name);
                        }
                        return name;
                    }))
                    .toList();
            while (!others.stream().allMatch(Future::isDone)) {
                assertThat(open().list()).extracting(Image::name).contains("kept");
            }
            for (var other : others) {
                other.get();
            }
        }
        open();
        assertThat(directories()).containsExactly("kept-1");
    }

    @Test
    void anotherProcessesUseCounts() throws Exception {
        Image image = store.fill("a", parts("k", ""));
        Path lock = Objects.requireNonNull(image.kernel()).resolveSibling("lock");
        // fcntl locks, as Java's; flock(1) would not meet them.
        Process holder = Program.start("python3", "-c", "import fcntl,sys;f=open(sys.argv[1]);fcntl.lockf(f,fcntl.LOCK_SH);print(1,flush=True);sys.stdin.read()", lock.toString());
        assertThat(holder.inputReader().readLine()).isEqualTo("1");
        assertThatThrownBy(() -> store.remove("a")).isInstanceOf(OperatorError.class).hasMessageContaining("in use");
        holder.destroyForcibly().waitFor();
        store.remove("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "-a", ".a", "a/b", "..", "a b", "ä", "0123456789012345678901234567890123456789012345678901234567890123"})
    void namesThatAreNoFilesNamesAreRefused(String name) {
        assertThatThrownBy(() -> store.importFiles(name, files(null, kernel()), Progress.NONE)).isInstanceOf(OperatorError.class);
        assertThatThrownBy(() -> store.remove(name)).isInstanceOf(OperatorError.class);
    }

    private static ImportedFiles files(@Nullable Path disk, @Nullable Path kernel) {
        return new ImportedFiles(disk, kernel, null, "root=/dev/vda", true);
    }

    private Path kernel() throws IOException {
        var image = new byte[4096];
        System.arraycopy(new byte[] {'R', 'S', 'C', 5}, 0, image, 0x38, 4);
        return Files.write(home.resolve("Image"), image);
    }

    @Test
    void importedDisksAreCopiedAndStaySparse() throws Exception {
        Path disk = home.resolve("disk.raw");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(1L << 30);
            file.seek(500 << 20);
            file.write(new byte[] {1, 2, 3});
        }
        Image image = store.importFiles("d", files(disk, kernel()), Progress.NONE);
        Path copy = Objects.requireNonNull(image.disk());
        assertThat(Files.size(copy)).isEqualTo(1L << 30);
        assertThat(Files.mismatch(copy, disk)).isEqualTo(-1);
        assertThat(image.sizeBytes()).isLessThan(1 << 20);
        assertThat(image.append()).isEqualTo("root=/dev/vda");
    }

    @Test
    void whatIsNoDiskOrKernelIsNotImported() throws Exception {
        Path odd = Files.write(home.resolve("odd"), new byte[513]);
        Path qcow = Files.write(home.resolve("q"), Arrays.copyOf(new byte[] {'Q', 'F', 'I', (byte) 0xfb}, 1024));
        Path none = home.resolve("none");
        assertThatThrownBy(() -> store.importFiles("x", files(odd, null), Progress.NONE)).hasMessageContaining("no disk");
        assertThatThrownBy(() -> store.importFiles("x", files(qcow, null), Progress.NONE)).hasMessageContaining("qemu-img convert");
        assertThatThrownBy(() -> store.importFiles("x", files(none, null), Progress.NONE)).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> store.importFiles("x", files(null, odd), Progress.NONE)).hasMessageContaining("no Linux kernel");
        assertThatThrownBy(() -> store.importFiles("x", files(null, null), Progress.NONE)).hasMessageContaining("neither");
        assertThat(directories()).isEmpty();
    }

    @Test
    void aKeptDiskBecomesAnImageWithTheKernelOfItsOrigin() throws Exception {
        Image from = store.fill("a", parts("k", "root=/dev/vda"));
        byte[] content = new byte[3 << 20];
        content[(2 << 20) + 5] = 7;
        try (var disk = new MemoryDevice(new ByteSize(content.length))) {
            new Blocking(disk).write(0, content);
            Image kept = store.keep("b", from, disk, Progress.NONE);
            assertThat(Objects.requireNonNull(kept.disk())).hasBinaryContent(content);
            assertThat(Objects.requireNonNull(kept.kernel())).hasContent("k");
            assertThat(kept.append()).isEqualTo("root=/dev/vda");
        }
    }

    @Test
    void anImageOfAnotherRecipeIsNotCurrentAndOneOfTheOperatorsIs() throws Exception {
        var recipe = new Recipe.Tiny("a", List.of());
        Image built = store.fill("a", directory -> {
            Files.writeString(directory.resolve("kernel"), "k");
            return new ImageParts("", 1, List.of(), recipe, false);
        });
        assertThat(store.current("a", Fingerprint.of(recipe))).contains(built);
        assertThat(store.current("a", "another")).isEmpty();
        Image own = store.fill("b", parts("k", ""));
        assertThat(store.current("b", "another")).contains(own);
    }

    @Test
    void whatAnOperatorWishedInAnImageIsNotForgotten() throws Exception {
        List<Recipe> recipes = List.of(new Recipe.Tiny("tiny", List.of("nginx")), new Recipe.Debian("debian", 5L << 30, List.of("gcc")),
                new Recipe.DebianCloud("debian-cloud", 6L << 30, List.of("nginx")));
        for (Recipe recipe : recipes) {
            Image built = store.fill(recipe.name(), directory -> {
                Files.writeString(directory.resolve("kernel"), "k");
                return new ImageParts("", 1, List.of(), recipe, false);
            });
            assertThat(store.origin(recipe.name())).contains(recipe);
            GuestRunner none = (_, _) -> {
                throw new AssertionError("it is there, and needs no machine to build it");
            };
            Recipe plain = Recipe.named(recipe.name()).orElseThrow();
            assertThat(new ImageBuilder(store, home.resolve("cache"), none).obtain(plain, Progress.NONE)).isEqualTo(built);
        }
        store.fill("tiny", parts("k", ""));
        assertThat(store.origin("tiny")).isEmpty();
    }

    @Test
    void aDamagedManifestIsSaidToBeSo() throws Exception {
        store.fill("a", parts("k", ""));
        Files.writeString(home.resolve("images/a.json"), "{\"format\": 1, \"name\":");
        assertThatThrownBy(() -> store.find("a")).isInstanceOf(OperatorError.class).hasMessageContaining("a.json");
    }
}
