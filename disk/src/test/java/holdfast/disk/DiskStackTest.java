package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskDescriptor;
import holdfast.block.DiskException;
import holdfast.block.LazilyInitialized;
import holdfast.block.LazyLayer;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.StorageLayer;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Disks that are more than a plain image, in files: images with a descriptor beside them, and mappings.
class DiskStackTest {
    private static final int SIZE = 3 << 20;

    @TempDir
    Path directory;

    private Path image;
    private Path descriptor;

    /// An image that is full of 0xDB, and lazy.
    @BeforeEach
    void anImage() throws Exception {
        image = foreign("disk.raw");
        descriptor = directory.resolve("disk.raw.holdfast");
        try (RawFile file = RawFile.open(image, Access.READ_WRITE)) {
            file.reserve();
            DiskStack.createLazy(file, image, false);
        }
    }

    private Path foreign(String name) throws Exception {
        var leavings = new byte[SIZE];
        Arrays.fill(leavings, (byte) 0xdb);
        return Files.write(directory.resolve(name), leavings);
    }

    private static byte[] read(Path path) throws DiskException {
        try (BlockDevice device = DiskStack.open(path, Access.READ_ONLY)) {
            return new Blocking(device).read(0, (int) device.geometry().sizeBytes());
        }
    }

    private static void write(Path path, long offset, byte[] data) throws DiskException {
        try (BlockDevice device = DiskStack.open(path, Access.READ_WRITE)) {
            new Blocking(device).write(offset, data);
        }
    }

    @Test
    void anImageWithItsDescriptorReadsAsWhatWasWrittenAndZeros() throws Exception {
        assertThat(DiskStack.isOne(image)).isTrue();
        assertThat(read(image)).containsOnly(0);
        byte[] data = Noise.of(1).bytes(4096);
        write(image, 8192, data);
        var expected = new byte[SIZE];
        System.arraycopy(data, 0, expected, 8192, 4096);
        assertThat(read(image)).isEqualTo(expected);
        assertThat(read(descriptor)).as("named by its descriptor").isEqualTo(expected);
        assertThat(DiskStack.describe(image).pendingBytes()).isEqualTo(2 << 20);
    }

    @Test
    void aMappingIsADiskOnAFileThatWasThereBefore() throws Exception {
        Path storage = foreign("lun");
        Path mapping = directory.resolve("mapping.holdfast");
        DiskStack.createMapping(mapping, storage, true);
        assertThat(DiskStack.isOne(mapping)).isTrue();
        assertThat(DiskStack.isOne(storage)).as("by itself it is what it is").isFalse();
        assertThat(read(mapping)).containsOnly(0);
        write(mapping, 0, Noise.of(1).bytes(SIZE));
        assertThat(read(mapping)).isEqualTo(Noise.of(1).bytes(SIZE)).isEqualTo(Files.readAllBytes(storage));
        assertThat(mapping).as("stays").exists();
        assertThatThrownBy(() -> DiskStack.createMapping(directory.resolve("other"), storage, true))
                .hasMessageContaining("name it *.holdfast");
        assertThatThrownBy(() -> DiskStack.createMapping(directory.resolve("other.holdfast"), mapping, true))
                .hasMessageContaining("is a mapping itself");
        assertThatThrownBy(() -> DiskStack.createMapping(directory.resolve("other.holdfast"), image, true))
                .hasMessageContaining("is not the disk without its descriptor");
    }

    @Test
    void anImageWithoutItsDescriptorIsRefused() throws Exception {
        assumeTrue(DiskMark.of(image).isPresent(), "this file system has no extended attributes");
        Files.delete(descriptor);
        assertThatThrownBy(() -> DiskStack.isOne(image))
                .hasMessageContaining("is not the disk without its descriptor, which says what of it has been initialised and is missing; bring back disk.raw.holdfast");
        DiskMark.remove(image);
        assertThat(DiskStack.isOne(image)).isFalse();
    }

    @Test
    void whenAllHasBeenInitializedTheDescriptorGoesAndTheImageIsRaw() throws Exception {
        String identity;
        byte[] data = Noise.of(1).bytes(4096);
        try (BlockDevice device = DiskStack.open(image, Access.READ_WRITE)) {
            new Blocking(device).write(4096, data);
            assertThat(device.identity().orElseThrow()).startsWith("lazy ");
            assertThat(((LazilyInitialized) device).initialize(0, Alarm.wallClock()).await(Duration.ofSeconds(60))).isTrue();
            identity = device.identity().orElseThrow();
        }
        try (RawFile raw = RawFile.open(image, Access.READ_ONLY)) {
            assertThat(raw.identity()).as("what the lazy disk was when all had been done").contains(identity);
        }
        assertThat(descriptor).doesNotExist();
        assertThat(DiskMark.of(image)).isEmpty();
        assertThat(DiskStack.isOne(image)).isFalse();
        var expected = new byte[SIZE];
        System.arraycopy(data, 0, expected, 4096, 4096);
        assertThat(Files.readAllBytes(image)).isEqualTo(expected);
    }

    /// The descriptor is marked as done, the image loses its id, the descriptor is removed: each in turn, and a cut may come after any.
    @Test
    void aCutWhileTheDescriptorGoesLeavesADiskThatCanBeOpened() throws Exception {
        byte[] data = Noise.of(1).bytes(SIZE);
        Path copy = directory.resolve("copy");
        try (BlockDevice device = DiskStack.open(image, Access.READ_WRITE)) {
            new Blocking(device).write(0, data);
            new Blocking(device).flush();
            Files.copy(descriptor, copy);
        }
        assertThat(descriptor).doesNotExist();
        Files.move(copy, descriptor);
        try (DescriptorFile file = DescriptorFile.open(descriptor, Access.READ_WRITE)) {
            DiskMark.put(image, file.descriptor().id());
            file.unmark();
        }
        try (DescriptorFile file = DescriptorFile.open(descriptor, Access.READ_ONLY)) {
            assertThat(file.descriptor().storage().marked()).isFalse();
        }
        assertThat(read(image)).as("with its id").isEqualTo(data);
        DiskMark.remove(image);
        assertThat(read(image)).as("without").isEqualTo(data);
        DiskStack.open(image, Access.READ_WRITE).close();
        assertThat(descriptor).as("done at the next occasion").exists();
        write(image, 0, data);
        assertThat(descriptor).doesNotExist();
    }

    @Test
    void anImageThatAnotherProgramHasChangedIsRefused() throws Exception {
        write(image, 0, new byte[512]);
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(SIZE - 512);
            file.write(new byte[512]);
        }
        Files.setLastModifiedTime(image, FileTime.from(Instant.now().plusSeconds(1)));
        assertThatThrownBy(() -> DiskStack.open(image, Access.READ_ONLY))
                .hasMessageContaining("is not what it was when").hasMessageContaining("disk.raw.holdfast was closed");
    }

    @Test
    void anotherImageOfTheSameNameIsRefusedEvenAfterACrash() throws Exception {
        assumeTrue(DiskMark.of(image).isPresent(), "this file system has no extended attributes");
        crashedWriter();
        assertThat(DiskStack.describe(image).inOrder()).isFalse();
        assertThat(read(image)).containsOnly(0);
        Files.move(foreign("other"), image, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> DiskStack.open(image, Access.READ_ONLY)).hasMessageContaining("is not the file that");
    }

    /// Leaves the image as a program does that was killed while it wrote.
    private void crashedWriter() throws Exception {
        Path copy = directory.resolve("copy.holdfast");
        write(image, 4096, new byte[512]);
        try (BlockDevice device = DiskStack.open(image, Access.READ_WRITE)) {
            new Blocking(device).write(0, new byte[512]);
            Files.copy(descriptor, copy);
        }
        Files.move(copy, descriptor, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void nobodyElseUsesItMeanwhile() throws Exception {
        try (BlockDevice device = DiskStack.open(image, Access.READ_WRITE)) {
            assertThat(((LazilyInitialized) device).pendingBytes()).isEqualTo(SIZE);
            assertThatThrownBy(() -> DiskStack.open(image, Access.READ_ONLY)).hasMessageContaining("is open for writing");
            assertThatThrownBy(() -> RawFile.open(image, Access.READ_WRITE)).hasMessageContaining("is in use");
        }
    }

    @Test
    void aMappingOfNonsenseIsRefused() throws Exception {
        for (String name : new String[] {"", "not there", "\0", directory.toString()}) {
            Path odd = directory.resolve("odd.holdfast");
            Files.deleteIfExists(odd);
            DescriptorFile.create(odd, DiskDescriptor.first(
                    new UUID(1, 2), new MemoryDevice(new ByteSize(SIZE)).geometry(), new StorageLayer(name, false, ""),
                    LazyLayer.of(SIZE, LazyLayer.Filling.BEFORE)));
            assertThatThrownBy(() -> DiskStack.open(odd, Access.READ_WRITE)).as(name).isInstanceOf(OperatorError.class);
        }
    }

    @Test
    void whatIsNamedAsADescriptorAndIsNoneIsRefused() throws Exception {
        Path odd = foreign("odd.holdfast");
        assertThatThrownBy(() -> DiskStack.isOne(odd)).hasMessageContaining("is no disk descriptor, though it is named as one");
    }

    @Test
    void whatAGuestWritesToARawDiskIsNoMapping() throws Exception {
        Path guests = Files.copy(descriptor, directory.resolve("guest.raw"));
        assertThat(DiskStack.isOne(guests)).isFalse();
    }

    /// The image is not taken for a raw one, nor is it taken for damage.
    @Test
    void aDescriptorOfAnotherVersionIsSaidToBeOne() throws Exception {
        byte[] bytes = Files.readAllBytes(descriptor);
        int newer = 4096;
        bytes[newer + 8] = 9;
        Arrays.fill(bytes, newer + 12, newer + 16, (byte) 0);
        var crc = new CRC32C();
        crc.update(bytes, newer, 4096);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(newer + 12, (int) crc.getValue());
        Files.write(descriptor, bytes);
        assertThatThrownBy(() -> Disks.open(image, Access.READ_ONLY, null))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("disk.raw.holdfast: is a disk descriptor of version 9, and only version 1 is known; use the version");
    }

    @Test
    void aDescriptorThatIsNewIsThereTwice() throws Exception {
        byte[] bytes = Files.readAllBytes(descriptor);
        for (int slot : new int[] {0, 4096}) {
            byte[] damaged = bytes.clone();
            Arrays.fill(damaged, slot, slot + 64, (byte) 0);
            Files.write(descriptor, damaged);
            assertThat(DiskStack.describe(image).damagedCopy()).isTrue();
            assertThat(DiskStack.repair(image)).containsExactly("wrote the damaged one of its descriptor's two copies anew");
            assertThat(DiskStack.describe(image).damagedCopy()).isFalse();
        }
    }

    @Test
    void aRepairFinishesWhatTheLastWriterLeft() throws Exception {
        crashedWriter();
        assertThat(DiskStack.repair(image)).containsExactly("noted what its storage is, as its last writer did not");
        assertThat(DiskStack.describe(image).inOrder()).isTrue();
        assertThat(DiskStack.repair(image)).isEmpty();
        write(image, 0, Noise.of(1).bytes(SIZE - (1 << 20)));
        Path copy = directory.resolve("copy");
        try (BlockDevice device = DiskStack.open(image, Access.READ_WRITE)) {
            new Blocking(device).write(SIZE - (1 << 20), new byte[1 << 20]);
            new Blocking(device).flush();
            Files.copy(descriptor, copy);
        }
        Files.move(copy, descriptor);
        try (DescriptorFile file = DescriptorFile.open(descriptor, Access.READ_ONLY)) {
            DiskMark.put(image, file.descriptor().id());
        }
        assertThat(DiskStack.repair(image)).contains("removed its descriptor, of which nothing is needed any more");
        assertThat(descriptor).doesNotExist();
        assertThat(DiskMark.of(image)).isEmpty();
    }

    @Test
    void aRepairRefusesAMapThatIsDamagedAndChangesNothing() throws Exception {
        crashedWriter();
        byte[] bytes = Files.readAllBytes(descriptor);
        bytes[8192 + 20] ^= 1;
        Files.write(descriptor, bytes);
        assertThatThrownBy(() -> DiskStack.repair(image)).isInstanceOf(OperatorError.class).hasMessageContaining("sector 0 of its map is damaged");
        assertThat(Files.readAllBytes(descriptor)).isEqualTo(bytes);
    }
}
