package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.testkit.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchDiskTest {
    private static final int SIZE = 4 << 20;

    @TempDir
    Path directory;

    private Path image;
    private Path kept;
    private byte[] content;

    @BeforeEach
    void makeImage() throws IOException {
        content = Noise.of(1).bytes(SIZE);
        image = Files.write(directory.resolve("image.img"), content);
        kept = directory.resolve("kept.disk");
    }

    private BlockDevice base() {
        return RawFile.open(image, Access.READ_ONLY);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aTemporaryDiskHasNoNameAndLeavesNothing() throws Exception {
        try (BlockDevice device = ScratchDisk.temporary(base(), directory)) {
            assertThat(files()).containsExactly("image.img");
            assertThat(device.geometry().durable()).isFalse();
            new ArrayModel(new Blocking(device), content, 1).run(100);
        }
        assertThat(Files.readAllBytes(image)).isEqualTo(content);
        assertThat(files()).containsExactly("image.img");
    }

    @Test
    void manyDisksCanHaveOneBaseAtOnce() throws Exception {
        var disks = new ArrayList<BlockDevice>();
        var models = new ArrayList<ArrayModel>();
        for (int i = 0; i < 4; i++) {
            disks.add(ScratchDisk.temporary(base(), directory));
            models.add(new ArrayModel(new Blocking(disks.get(i)), content, i));
        }
        for (int round = 0; round < 5; round++) {
            for (ArrayModel model : models) {
                model.run(20);
            }
        }
        disks.forEach(BlockDevice::close);
        assertThat(Files.readAllBytes(image)).isEqualTo(content);
    }

    @Test
    void aKeptDiskIsThereAgain() throws Exception {
        byte[] after;
        try (BlockDevice device = ScratchDisk.create(base(), "image", kept)) {
            var model = new ArrayModel(new Blocking(device), content, 2);
            model.run(100);
            after = model.content();
        }
        assertThat(files()).containsExactly("image.img", "kept.disk");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept))).isEqualTo("rw-------");
        assertThat(ScratchDisk.describe(kept)).isEqualTo(new ScratchDisk.Description("image", new ByteSize(SIZE)));
        try (BlockDevice device = ScratchDisk.open(base(), kept)) {
            assertThat(device.geometry().durable()).isTrue();
            var model = new ArrayModel(new Blocking(device), after, 3);
            model.run(100);
            after = model.content();
        }
        try (BlockDevice device = ScratchDisk.open(base(), kept)) {
            assertThat(new Blocking(device).read(0, SIZE)).isEqualTo(after);
        }
    }

    @Test
    void whatKilledProgramsHaveLeftIsRemovedAndWhatIsBeingMadeIsNot() throws Exception {
        Path beingMade = Files.write(directory.resolve(".kept.disk.new-2"), new byte[4096]);
        Files.write(directory.resolve(".kept.disk.new-1"), new byte[4096]);
        Files.write(directory.resolve(".other.disk.new-1"), new byte[4096]);
        Files.write(directory.resolve("scratch-1"), new byte[4096]);
        // Just created: not locked yet.
        Files.createFile(directory.resolve("scratch-2"));
        try (RawFile _ = RawFile.open(beingMade, Access.READ_WRITE)) {
            ScratchDisk.create(base(), "image", kept).close();
            assertThat(files())
                    .containsExactly(".kept.disk.new-2", ".other.disk.new-1", "image.img", "kept.disk", "scratch-1", "scratch-2");
            ScratchDisk.temporary(base(), directory).close();
            assertThat(files()).containsExactly(".kept.disk.new-2", ".other.disk.new-1", "image.img", "kept.disk", "scratch-2");
        }
    }

    @Test
    void onlyWhatIsWrittenTakesRoom() throws Exception {
        try (BlockDevice device = ScratchDisk.create(base(), "image", kept)) {
            var disk = new Blocking(device);
            disk.write(1 << 20, Noise.of(2).bytes(1 << 20));
            disk.write(0, new byte[1 << 20]);
            disk.flush();
            assertThat(Program.allocatedBytes(kept)).isBetween(1L << 20, (2L << 20) + (256 << 10));
            disk.discard(1 << 20, 1 << 20);
            disk.flush();
            assertThat(Program.allocatedBytes(kept)).isLessThanOrEqualTo((1L << 20) + (256 << 10));
        }
    }

    @Test
    void aBaseThatHasChangedIsRefused() throws Exception {
        ScratchDisk.create(base(), "image", kept).close();
        try (var device = RawFile.open(image, Access.READ_WRITE)) {
            new Blocking(device).write(2 << 20, new byte[512]);
        }
        try (BlockDevice base = base()) {
            assertThatThrownBy(() -> ScratchDisk.open(base, kept))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageStartingWith(kept + ": its base image is not what it was (then raw size=")
                    .hasMessageEndingWith("put the old one back, or make a new overlay");
        }
        RawFile.open(kept, Access.READ_WRITE).close();
    }

    @Test
    void aBaseWhoseTimeAloneHasChangedCanBeAccepted() throws Exception {
        byte[] data = Noise.of(2).bytes(512);
        try (BlockDevice device = ScratchDisk.create(base(), "image", kept)) {
            new Blocking(device).write(0, data, true);
        }
        Files.setLastModifiedTime(image, FileTime.fromMillis(1_000_000));
        try (BlockDevice base = base()) {
            assertThatThrownBy(() -> ScratchDisk.open(base, kept)).hasMessageContaining("is not what it was");
            ScratchDisk.accept(base, "image again", kept);
        }
        try (BlockDevice device = ScratchDisk.open(base(), kept)) {
            assertThat(new Blocking(device).read(0, 512)).isEqualTo(data);
        }
        assertThat(ScratchDisk.describe(kept).baseName()).isEqualTo("image again");
    }

    @Test
    void aBaseOfAnotherSizeCannotBeAccepted() throws Exception {
        ScratchDisk.create(base(), "image", kept).close();
        Files.write(image, new byte[SIZE / 2]);
        try (BlockDevice base = base()) {
            assertThatThrownBy(() -> ScratchDisk.accept(base, "image", kept))
                    .hasMessage("image: is 2MiB large, and " + kept + " is 4MiB; name a base of the same size");
        }
    }

    @Test
    void aKeptDiskThatIsOpenIsNotOpenedAgain() throws Exception {
        try (BlockDevice _ = ScratchDisk.create(base(), "image", kept);
                BlockDevice base = base()) {
            assertThatThrownBy(() -> ScratchDisk.open(base, kept)).hasMessageContaining("is in use by this program");
        }
    }

    @Test
    void nothingThatIsThereIsOverwritten() throws Exception {
        Files.writeString(kept, "mine");
        try (BlockDevice base = base()) {
            assertThatThrownBy(() -> ScratchDisk.create(base, "image", kept))
                    .isInstanceOf(OperatorError.class)
                    .hasMessage(kept + ": is already there; choose another name, or remove it");
        }
        assertThat(Files.readString(kept)).isEqualTo("mine");
        assertThat(files()).containsExactly("image.img", "kept.disk");
    }

    @Test
    void whatIsNoOverlayIsRefused() throws Exception {
        Files.write(kept, new byte[1 << 20]);
        try (BlockDevice base = base()) {
            assertThatThrownBy(() -> ScratchDisk.open(base, kept))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("is no overlay, or its header is damaged");
        }
    }

    @Test
    void anOverlayThatWasCutShortIsRefused() throws Exception {
        ScratchDisk.create(base(), "image", kept).close();
        try (var file = new RandomAccessFile(kept.toFile(), "rw")) {
            file.setLength(file.length() - 4096);
        }
        try (BlockDevice base = base()) {
            assertThatThrownBy(() -> ScratchDisk.open(base, kept))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("has been cut short");
        }
    }

    @Test
    void aDirectoryThatIsNotThereIsNamed() {
        Path nowhere = directory.resolve("nowhere");
        try (BlockDevice base = base()) {
            assertThatThrownBy(() -> ScratchDisk.temporary(base, nowhere))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("cannot be made: No such file or directory");
            assertThatThrownBy(() -> ScratchDisk.create(base, "image", nowhere.resolve("kept.disk")))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("cannot be made: No such file or directory");
        }
    }
}
