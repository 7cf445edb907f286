package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.testkit.Program;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Lazy disks in files: images with a map beside them, and mappings.
class LazyDiskTest {
    private static final int SIZE = 3 << 20;

    @TempDir
    Path directory;

    private Path image;
    private Path map;

    /// An image that is full of 0xDB, and lazy.
    @BeforeEach
    void anImage() throws Exception {
        image = foreign("disk.raw");
        map = directory.resolve("disk.raw.lazy");
        try (RawFile file = RawFile.open(image, Access.READ_WRITE)) {
            file.reserve();
            LazyDisk.create(file, image, false);
        }
    }

    private Path foreign(String name) throws Exception {
        var leavings = new byte[SIZE];
        Arrays.fill(leavings, LazySample.FOREIGN);
        return Files.write(directory.resolve(name), leavings);
    }

    private static byte[] read(Path path) throws DiskException {
        try (LazyDevice device = LazyDisk.open(path, Access.READ_ONLY)) {
            return new Blocking(device).read(0, (int) device.geometry().sizeBytes());
        }
    }

    private static void write(Path path, long offset, byte[] data) throws DiskException {
        try (LazyDevice device = LazyDisk.open(path, Access.READ_WRITE)) {
            new Blocking(device).write(offset, data);
        }
    }

    @Test
    void anImageWithItsMapReadsAsWhatWasWrittenAndZeros() throws Exception {
        assertThat(LazyDisk.isOne(image)).isTrue();
        assertThat(read(image)).containsOnly(0);
        byte[] data = Noise.of(1).bytes(4096);
        write(image, 8192, data);
        var expected = new byte[SIZE];
        System.arraycopy(data, 0, expected, 8192, 4096);
        assertThat(read(image)).isEqualTo(expected);
        assertThat(read(map)).as("named by its map").isEqualTo(expected);
        assertThat(LazyDisk.describe(image).pendingBytes()).isEqualTo(2 << 20);
    }

    @Test
    void aMappingIsADiskOnAFileThatWasThereBefore() throws Exception {
        Path storage = foreign("lun");
        Path mapping = directory.resolve("mapping.lazy");
        LazyDisk.createMapping(mapping, storage, true);
        assertThat(LazyDisk.isOne(mapping)).isTrue();
        assertThat(LazyDisk.isOne(storage)).as("by itself it is what it is").isFalse();
        assertThat(read(mapping)).containsOnly(0);
        write(mapping, 0, Noise.of(1).bytes(SIZE));
        assertThat(read(mapping)).isEqualTo(Noise.of(1).bytes(SIZE)).isEqualTo(Files.readAllBytes(storage));
        assertThat(mapping).as("stays").exists();
        assertThatThrownBy(() -> LazyDisk.createMapping(directory.resolve("other"), storage, true))
                .hasMessageContaining("name it *.lazy");
        assertThatThrownBy(() -> LazyDisk.createMapping(directory.resolve("other.lazy"), mapping, true))
                .hasMessageContaining("is a mapping itself");
        assertThatThrownBy(() -> LazyDisk.createMapping(directory.resolve("other.lazy"), image, true))
                .hasMessageContaining("has not been initialised wholly");
    }

    @Test
    void anImageWithoutItsMapIsRefused() throws Exception {
        assumeTrue(DiskMark.of(image).isPresent(), "this file system has no extended attributes");
        Files.delete(map);
        assertThatThrownBy(() -> LazyDisk.isOne(image))
                .hasMessageContaining("the map that says how far is missing; bring back disk.raw.lazy");
        DiskMark.remove(image);
        assertThat(LazyDisk.isOne(image)).isFalse();
    }

    @Test
    void whenAllHasBeenInitializedTheMapGoesAndTheImageIsRaw() throws Exception {
        String identity;
        byte[] data = Noise.of(1).bytes(4096);
        try (LazyDevice device = LazyDisk.open(image, Access.READ_WRITE)) {
            new Blocking(device).write(4096, data);
            assertThat(device.identity().orElseThrow()).startsWith("lazy ");
            assertThat(device.initialize(0, Alarm.wallClock()).await(Duration.ofSeconds(60))).isTrue();
            identity = device.identity().orElseThrow();
        }
        try (RawFile raw = RawFile.open(image, Access.READ_ONLY)) {
            assertThat(raw.identity()).as("what the lazy disk was when all had been done").contains(identity);
        }
        assertThat(map).doesNotExist();
        assertThat(DiskMark.of(image)).isEmpty();
        assertThat(LazyDisk.isOne(image)).isFalse();
        var expected = new byte[SIZE];
        System.arraycopy(data, 0, expected, 4096, 4096);
        assertThat(Files.readAllBytes(image)).isEqualTo(expected);
    }

    /// The map is marked as done, the image loses its id, the map is removed: each in turn, and a cut may come after any.
    @Test
    void aCutWhileTheMapGoesLeavesADiskThatCanBeOpened() throws Exception {
        byte[] data = Noise.of(1).bytes(SIZE);
        Path copy = directory.resolve("copy");
        try (LazyDevice device = LazyDisk.open(image, Access.READ_WRITE)) {
            new Blocking(device).write(0, data);
            new Blocking(device).flush();
            Files.copy(map, copy);
        }
        assertThat(map).doesNotExist();
        Files.move(copy, map);
        try (RawFile file = RawFile.open(map, Access.READ_WRITE)) {
            LazyStore store = LazyStore.read(file, "map");
            DiskMark.put(image, store.header().id());
            store.unmark();
            assertThat(LazyStore.read(file, "map").header().marked()).isFalse();
        }
        assertThat(read(image)).as("with its id").isEqualTo(data);
        DiskMark.remove(image);
        assertThat(read(image)).as("without").isEqualTo(data);
        LazyDisk.open(image, Access.READ_WRITE).close();
        assertThat(map).as("done at the next occasion").exists();
        write(image, 0, data);
        assertThat(map).doesNotExist();
    }

    @Test
    void anImageThatAnotherProgramHasChangedIsRefused() throws Exception {
        write(image, 0, new byte[512]);
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(SIZE - 512);
            file.write(new byte[512]);
        }
        Files.setLastModifiedTime(image, FileTime.from(Instant.now().plusSeconds(1)));
        assertThatThrownBy(() -> LazyDisk.open(image, Access.READ_ONLY))
                .hasMessageContaining("is not what it was when").hasMessageContaining("disk.raw.lazy was closed");
    }

    @Test
    void anotherImageOfTheSameNameIsRefusedEvenAfterACrash() throws Exception {
        assumeTrue(DiskMark.of(image).isPresent(), "this file system has no extended attributes");
        crashedWriter();
        assertThat(LazyDisk.describe(image).inOrder()).isFalse();
        assertThat(read(image)).containsOnly(0);
        Files.move(foreign("other"), image, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> LazyDisk.open(image, Access.READ_ONLY)).hasMessageContaining("is not the file that");
    }

    /// Leaves the image as a program does that was killed while it wrote.
    private void crashedWriter() throws Exception {
        Path copy = directory.resolve("copy.lazy");
        write(image, 4096, new byte[512]);
        try (LazyDevice device = LazyDisk.open(image, Access.READ_WRITE)) {
            new Blocking(device).write(0, new byte[512]);
            Files.copy(map, copy);
        }
        Files.move(copy, map, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void nobodyElseUsesItMeanwhile() throws Exception {
        try (LazyDevice device = LazyDisk.open(image, Access.READ_WRITE)) {
            assertThat(device.pendingBytes()).isEqualTo(SIZE);
            assertThatThrownBy(() -> LazyDisk.open(image, Access.READ_ONLY)).hasMessageContaining("is open for writing");
            assertThatThrownBy(() -> RawFile.open(image, Access.READ_WRITE)).hasMessageContaining("is in use");
        }
    }

    @Test
    void whatADiskGrowsByIsNotInitialized() throws Exception {
        Path storage = foreign("lun");
        var half = new MemoryDevice(new ByteSize(SIZE / 2));
        Path file = directory.resolve("half");
        Files.write(file, new byte[16384]);
        RawFile device = RawFile.open(storage, Access.READ_WRITE);
        LazyStore store = LazyStore.format(
                RawFile.open(file, Access.READ_WRITE),
                LazyHeader.first(half.geometry(), 4096, LazySample.ID, LazyHeader.Filling.WHOLE_BLOCK, LazyStore.identityOf(device)),
                "map");
        var lazy = new LazyDevice(device, store, () -> {});
        byte[] data = Noise.of(1).bytes(SIZE / 2);
        new Blocking(lazy).write(0, data);
        lazy.grow(SIZE);
        assertThat(lazy.pendingBytes()).isEqualTo(SIZE / 2);
        lazy.grow(2 * SIZE);
        assertThat(new Blocking(lazy).read(SIZE / 2, 3 * SIZE / 2)).containsOnly(0);
        new Blocking(lazy).write(SIZE, data);
        lazy.close();
        var again = new Blocking(LazySample.open(RawFile.open(storage, Access.READ_ONLY), RawFile.open(file, Access.READ_ONLY)));
        var expected = new byte[2 * SIZE];
        System.arraycopy(data, 0, expected, 0, SIZE / 2);
        System.arraycopy(data, 0, expected, SIZE, SIZE / 2);
        assertThat(again.read(0, 2 * SIZE)).isEqualTo(expected);
        again.device().close();
        assertThat(Program.allocatedBytes(storage)).as("space is taken").isGreaterThanOrEqualTo(2 * SIZE);
    }

    @Test
    void aMappingOfNonsenseIsRefused() throws Exception {
        for (String name : new String[] {"", "not there", "\0", directory.toString()}) {
            Path odd = directory.resolve("odd.lazy");
            LazyHeader header = LazySample.header(new MemoryDevice(new ByteSize(SIZE)), 4096, LazyHeader.Filling.BEFORE).mapping(name);
            Files.write(odd, new byte[(int) header.storeBytes()]);
            try (RawFile file = RawFile.open(odd, Access.READ_WRITE)) {
                LazyStore.format(file, header, "map");
            }
            assertThatThrownBy(() -> LazyDisk.open(odd, Access.READ_WRITE)).as(name).isInstanceOf(OperatorError.class);
        }
    }

    @Test
    void whatIsNamedAsAMapAndIsNoneIsRefused() throws Exception {
        Path odd = foreign("odd.lazy");
        assertThatThrownBy(() -> LazyDisk.isOne(odd)).hasMessageContaining("is no mapping, though it is named as one");
    }

    @Test
    void whatAGuestWritesToARawDiskIsNoMapping() throws Exception {
        Path guests = Files.copy(map, directory.resolve("guest.raw"));
        assertThat(LazyDisk.isOne(guests)).isFalse();
    }
}
