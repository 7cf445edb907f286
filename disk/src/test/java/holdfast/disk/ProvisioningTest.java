package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DescriptorFile;
import holdfast.block.DiskException;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.Silence;
import holdfast.nbd.Export;
import holdfast.nbd.NbdAddress;
import holdfast.nbd.NbdServer;
import holdfast.vhdx.NewVhdx;
import holdfast.vhdx.ParentLink;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Disks that are still arriving, in files.
@Timeout(60)
class ProvisioningTest {
    private static final int SIZE = 4 << 20;
    private static final int BLOCK = 4096;

    @TempDir
    Path directory;

    private Path image;
    private Path disk;
    private byte[] content;

    @BeforeEach
    void anImage() throws Exception {
        image = directory.resolve("image.raw");
        disk = directory.resolve("disk.raw");
        content = Noise.of(1).bytes(SIZE);
        Arrays.fill(content, SIZE / 2, SIZE, (byte) 0);
        Files.write(image, content);
    }

    private BlockDevice open() {
        return Disks.open(disk, Access.READ_WRITE, null);
    }

    private static void fill(BlockDevice device) {
        var filling = ((ProvisionedDevice) device).fill(0, Alarm.wallClock());
        assertThat(filling.await(Duration.ofSeconds(30))).isTrue();
        assertThat(filling.failure()).isEmpty();
    }

    private List<String> files() throws Exception {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.startsWith("disk")).sorted().toList();
        }
    }

    @Test
    void aDiskIsThereAtOnceAndBecomesAnImageLikeAnyOther() throws Exception {
        Provisioning.create(disk, image.toString());
        assertThat(files()).as("nothing that another program could take for the disk").containsExactly("disk.raw.holdfast", "disk.raw.incomplete");
        assertThat(DiskStack.isOne(disk)).isTrue();
        byte[] data = Noise.of(2).bytes(BLOCK);
        try (BlockDevice device = open()) {
            assertThat(new Blocking(device).read(0, SIZE / 4)).isEqualTo(Arrays.copyOf(content, SIZE / 4));
            new Blocking(device).write(BLOCK, data);
        }
        assertThat(Provisioning.describe(disk).presence()).isEqualTo(new ProvisionedDevice.Presence(SIZE - SIZE / 4, BLOCK));
        assertThat(Provisioning.describe(disk).inOrder()).isTrue();
        try (BlockDevice device = open()) {
            fill(device);
        }
        System.arraycopy(data, 0, content, BLOCK, BLOCK);
        assertThat(files()).containsExactly("disk.raw");
        assertThat(Files.readAllBytes(disk)).isEqualTo(content);
        assertThat(RawFile.allocatedBytes(disk)).as("what is zero takes no room").isLessThan(SIZE / 2 + (64 << 10));
        Files.delete(image);
        try (BlockDevice device = open()) {
            assertThat(device).isInstanceOf(RawFile.class);
            assertThat(new Blocking(device).read(0, SIZE)).isEqualTo(content);
        }
    }

    @Test
    void aVhdxChainCanBeTheImage() throws Exception {
        Path base = asVhdx();
        Path child = directory.resolve("child.vhdx");
        NewVhdx.createOver(child, base);
        byte[] data = Noise.of(3).bytes(BLOCK);
        try (BlockDevice device = Disks.open(child, Access.READ_WRITE, null)) {
            new Blocking(device).write(8 * BLOCK, data);
            new Blocking(device).flush();
        }
        System.arraycopy(data, 0, content, 8 * BLOCK, BLOCK);
        Provisioning.create(disk, child.toString());
        try (BlockDevice device = open()) {
            assertThat(new Blocking(device).read(0, SIZE / 2)).isEqualTo(Arrays.copyOf(content, SIZE / 2));
        }
        try (BlockDevice device = Disks.open(child, Access.READ_WRITE, null)) {
            new Blocking(device).write(0, data);
            new Blocking(device).flush();
        }
        assertThatThrownBy(this::open).hasMessageContaining("child.vhdx: is not the image that it was (then vhdx ");
    }

    /// @return the image as a VHDX file
    private Path asVhdx() {
        Path base = directory.resolve("base.vhdx");
        try (RawFile raw = RawFile.open(image, Access.READ_ONLY)) {
            DiskCopy.copy(raw, "image", base, DiskFormat.VHDX);
        }
        return base;
    }

    @Test
    void aDeltaHasTheModifiedBlocksAloneAndADiskThatComesFromItIsTheSame() throws Exception {
        Path base = asVhdx();
        Provisioning.create(disk, base.toString());
        byte[] data = Noise.of(5).bytes(3 * BLOCK);
        try (BlockDevice device = open()) {
            var blocking = new Blocking(device);
            blocking.read(0, 50 * BLOCK);
            blocking.write(7 * BLOCK, data);
            blocking.write(100 * BLOCK + 512, Arrays.copyOf(data, 512));
            blocking.writeZeroes(200 * BLOCK, 2 * BLOCK);
            System.arraycopy(data, 0, content, 7 * BLOCK, data.length);
            System.arraycopy(data, 0, content, 100 * BLOCK + 512, 512);
            Arrays.fill(content, 200 * BLOCK, 202 * BLOCK, (byte) 0);
        }
        Path delta = directory.resolve("delta.vhdx");
        DiskDelta.write(disk, delta);
        Path other = directory.resolve("other.raw");
        Provisioning.create(other, delta.toString());
        try (BlockDevice device = Disks.open(other, Access.READ_WRITE, null)) {
            assertThat(new Blocking(device).read(0, SIZE)).isEqualTo(content);
        }
        assertThat(other).hasBinaryContent(content);
        assertThatThrownBy(() -> DiskDelta.write(disk, delta)).hasMessageContaining("delta.vhdx: is there already");
        assertThat(over(delta)).isEqualTo(onlyBlocks(content, 7, 8, 9, 100, 200, 201));
    }

    /// What a disk reads as over another parent than its own.
    private byte[] over(Path child) throws Exception {
        var parent = new byte[SIZE];
        Arrays.fill(parent, (byte) 1);
        Path raw = Files.write(directory.resolve("parent.raw"), parent);
        Path vhdx = directory.resolve("parent.vhdx");
        try (RawFile file = RawFile.open(raw, Access.READ_ONLY)) {
            DiskCopy.copy(file, "parent", vhdx, DiskFormat.VHDX);
        }
        ParentLink.change(child, vhdx, true);
        try (BlockDevice device = Disks.open(child, Access.READ_ONLY, null)) {
            return new Blocking(device).read(0, SIZE);
        }
    }

    private static byte[] onlyBlocks(byte[] content, int... blocks) {
        var bytes = new byte[SIZE];
        Arrays.fill(bytes, (byte) 1);
        for (int block : blocks) {
            System.arraycopy(content, block * BLOCK, bytes, block * BLOCK, BLOCK);
        }
        return bytes;
    }

    @Test
    void whatOneDiskHasNeededIsFetchedForAnotherAndNothingElse() throws Exception {
        Provisioning.create(disk, image.toString());
        try (BlockDevice device = open()) {
            new Blocking(device).read(3 * BLOCK, 2 * BLOCK);
            new Blocking(device).read(400 * BLOCK, BLOCK);
            new Blocking(device).write(500 * BLOCK, Noise.of(1).bytes(BLOCK));
        }
        Path trace = directory.resolve("boot.trace");
        DiskTrace.write(disk, trace);
        assertThat(Files.readAllLines(trace)).startsWith("holdfast trace 1").containsSubsequence("12288 8192", "1638400 4096", "2048000 4096").hasSize(5);
        Path other = directory.resolve("other.raw");
        Provisioning.create(other, image.toString());
        try (BlockDevice device = Disks.open(other, Access.READ_WRITE, null)) {
            var provisioned = (ProvisionedDevice) device;
            var filling = provisioned.fill(trace, 0, Alarm.wallClock());
            assertThat(filling.await(Duration.ofSeconds(30))).isTrue();
            assertThat(filling.failure()).isEmpty();
            assertThat(provisioned.presence()).isEqualTo(new ProvisionedDevice.Presence(SIZE - 4 * BLOCK, 0));
        }
        DiskTrace.write(other, directory.resolve("same.trace"));
        assertThat(directory.resolve("same.trace")).hasSameTextualContentAs(trace);
        assertThatThrownBy(() -> DiskTrace.write(other, trace)).hasMessageContaining("is there already");
        assertThatThrownBy(() -> DiskTrace.write(image, directory.resolve("none.trace"))).hasMessageContaining("is not arriving");
    }

    @Test
    void aTraceThatIsNoneOrOfAnotherImageIsRefused() throws Exception {
        Provisioning.create(disk, image.toString());
        Path trace = directory.resolve("wrong.trace");
        try (BlockDevice device = open()) {
            var provisioned = (ProvisionedDevice) device;
            for (String text : List.of("", "holdfast trace 2\nimage x\n", "holdfast trace 1\nimage x\n5\n", "holdfast trace 1\nimage x\n4096 -1\n",
                    "holdfast trace 1\nimage x\n8192 4096\n4096 4096\n", "holdfast trace 1\nimage x\nten 4096\n")) {
                Files.writeString(trace, text);
                assertThatThrownBy(() -> provisioned.fill(trace, 0, Alarm.wallClock())).as(text).hasMessageContaining("wrong.trace: is no trace");
            }
            Files.writeString(trace, "holdfast trace 1\nimage another\n0 4096\n");
            assertThatThrownBy(() -> provisioned.fill(trace, 0, Alarm.wallClock())).hasMessageContaining("is of another image than").hasMessageContaining("(another)");
            assertThatThrownBy(() -> provisioned.fill(directory.resolve("none"), 0, Alarm.wallClock())).hasMessageContaining("there is no such file");
        }
    }

    @Test
    void whereThereCanBeNoDeltaThatIsSaidAndNothingIsLeft() throws Exception {
        Path delta = directory.resolve("disk-delta.vhdx");
        assertThatThrownBy(() -> DiskDelta.write(image, delta)).hasMessageContaining("is not arriving");
        Provisioning.create(disk, image.toString());
        assertThatThrownBy(() -> DiskDelta.write(disk, delta)).hasMessageContaining("image.raw: is no VHDX file of this host");
        assertThatThrownBy(() -> DiskDelta.write(disk, directory.resolve("disk-delta.raw"))).hasMessageContaining("name it *.vhdx");
        Path second = directory.resolve("disk2.raw");
        Path base = asVhdx();
        Provisioning.create(second, base.toString());
        try (BlockDevice _ = Disks.open(second, Access.READ_WRITE, null)) {
            assertThatThrownBy(() -> DiskDelta.write(second, delta)).hasMessageContaining("is open for writing");
        }
        try (BlockDevice device = Disks.open(base, Access.READ_WRITE, null)) {
            new Blocking(device).write(0, new byte[512]);
        }
        assertThatThrownBy(() -> DiskDelta.write(second, delta)).hasMessageContaining("is not the image that it was");
        assertThat(files()).containsExactly("disk.raw.holdfast", "disk.raw.incomplete", "disk2.raw.holdfast", "disk2.raw.incomplete");
    }

    @Test
    void anNbdExportCanBeTheImageAndGoAway() throws Exception {
        try (RawFile raw = RawFile.open(image, Access.READ_ONLY);
                NbdServer server = NbdServer.open(new NbdAddress.Port(0), List.of(new Export("image", "", raw)))) {
            Provisioning.create(disk, server.uri());
            try (BlockDevice device = open()) {
                assertThat(new Blocking(device).read(0, 8 * BLOCK)).isEqualTo(Arrays.copyOf(content, 8 * BLOCK));
                new Blocking(device).write(SIZE - BLOCK, Noise.of(4).bytes(BLOCK));
            }
        }
        try (BlockDevice device = open()) {
            assertThat(new Blocking(device).read(0, 8 * BLOCK)).isEqualTo(Arrays.copyOf(content, 8 * BLOCK));
            assertThat(new Blocking(device).read(SIZE - BLOCK, BLOCK)).isEqualTo(Noise.of(4).bytes(BLOCK));
            assertThat(device.geometry().readOnly()).isFalse();
        }
        assertThat(Provisioning.describe(disk).presence().absentBytes()).isEqualTo(SIZE - 9 * BLOCK);
    }

    @Test
    void anotherNbdExportUnderTheSameAddressIsRefused() throws Exception {
        whenServed(Access.READ_ONLY, uri -> Provisioning.create(disk, uri));
        assertThat(Provisioning.describe(disk).image()).startsWith("raw size=");
        change(SIZE / 2 + 5000);
        whenServed(Access.READ_ONLY, uri -> {
            assertThat(uri).isEqualTo(Provisioning.describe(disk).repository());
            assertThatThrownBy(this::open).isInstanceOf(OperatorError.class)
                    .hasMessageContaining("is not the image that it was").hasMessageContaining("bring back the image that the disk was made from");
        });
    }

    /// Nobody can tell what an export holds that may be written: size and samples are all there is.
    @Test
    void anExportThatMayBeWrittenIsKnownBySamplesAlsoWhenItMayNotLater() throws Exception {
        whenServed(Access.READ_WRITE, uri -> Provisioning.create(disk, uri));
        assertThat(Provisioning.describe(disk).image()).startsWith("image size=");
        whenServed(Access.READ_ONLY, _ -> open().close());
        change(1024);
        for (Access access : Access.values()) {
            whenServed(access, _ -> assertThatThrownBy(this::open).hasMessageContaining("is not the image that it was"));
        }
    }

    @Test
    void anExportThatOthersMayWriteUnnoticedIsRefusedUnlessNobodyDoes() throws Exception {
        whenServed(Access.READ_WRITE, uri -> {
            assertThatThrownBy(() -> Provisioning.create(disk, uri, null, false)).isInstanceOf(OperatorError.class)
                    .hasMessageContaining("may be written by others while the disk arrives, and cannot tell that it was")
                    .hasMessageContaining("--unchanging");
            assertThat(Provisioning.isArriving(disk)).isFalse();
            assertThat(Provisioning.create(disk, uri, null, true)).as("whether a change would be noticed").isFalse();
        });
        whenServed(Access.READ_ONLY, uri -> assertThat(Provisioning.create(directory.resolve("other.raw"), uri, null, false)).isTrue());
    }

    private void whenServed(Access access, Consumer<String> action) {
        try (RawFile raw = RawFile.open(image, access);
                NbdServer server = NbdServer.open(new NbdAddress.Unix(directory.resolve("socket")), List.of(new Export("image", "", raw)))) {
            action.accept(server.uri());
        }
    }

    private void change(long offset) throws Exception {
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(offset);
            file.write(77);
        }
    }

    @Test
    void anImageThatHasChangedIsRefusedAndTakenAgainWhenItIsBack() throws Exception {
        Provisioning.create(disk, image.toString());
        Path copy = directory.resolve("copy.raw");
        Files.copy(image, copy, StandardCopyOption.COPY_ATTRIBUTES);
        Files.setLastModifiedTime(image, FileTime.from(Instant.ofEpochSecond(1)));
        assertThatThrownBy(this::open).isInstanceOf(OperatorError.class)
                .hasMessageContaining(image + ": is not the image that it was (then raw size=4194304 modified=")
                .hasMessageContaining("bring back the image");
        Files.copy(copy, image, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
        try (BlockDevice device = open()) {
            assertThat(new Blocking(device).read(0, SIZE)).isEqualTo(content);
        }
    }

    @Test
    void theImageIsLockedAgainstWritersWhileItIsUsed() {
        Provisioning.create(disk, image.toString());
        try (BlockDevice _ = open()) {
            assertThatThrownBy(() -> RawFile.open(image, Access.READ_WRITE)).hasMessageContaining("is in use");
        }
        RawFile.open(image, Access.READ_WRITE).close();
    }

    @Test
    void whatHasArrivedIsNotTakenForADiskByItself() {
        Provisioning.create(disk, image.toString());
        Path incomplete = directory.resolve("disk.raw.incomplete");
        assumeTrue(DiskMark.of(incomplete).isPresent(), "no extended attributes here");
        assertThatThrownBy(() -> Disks.open(incomplete, Access.READ_ONLY, null)).hasMessageContaining("is not the disk without its descriptor");
    }

    @Test
    void aDiskThatIsStillArrivingIsNoImageForAnother() {
        Provisioning.create(disk, image.toString());
        assertThatThrownBy(() -> Provisioning.create(directory.resolve("disk2.raw"), disk.toString()))
                .hasMessageContaining("is itself a disk that is still arriving; let all of it arrive first");
        assertThatThrownBy(() -> Provisioning.create(disk, image.toString())).hasMessageContaining("is there already");
        assertThatThrownBy(() -> NewRaw.create(disk, SIZE, NewRaw.Space.AS_NEEDED)).hasMessageContaining("is there already");
    }

    @Test
    void whatCannotBeMadeLeavesNothing() throws Exception {
        for (String from : List.of(directory.resolve("none.raw").toString(), "nbd://127.0.0.1:1/x", "ftp://host/image", "http://127.0.0.1:1/x")) {
            assertThatThrownBy(() -> Provisioning.create(disk, from)).isInstanceOf(OperatorError.class);
        }
        assertThatThrownBy(() -> Provisioning.create(directory.resolve("disk.vhdx"), image.toString())).hasMessageContaining("only raw ones");
        assertThat(files()).isEmpty();
    }

    @Test
    void aDiskIsReadWithoutBeingChanged() throws Exception {
        Provisioning.create(disk, image.toString());
        byte[] descriptor = Files.readAllBytes(directory.resolve("disk.raw.holdfast"));
        try (BlockDevice device = Disks.open(disk, Access.READ_ONLY, null)) {
            assertThat(new Blocking(device).read(0, SIZE)).isEqualTo(content);
        }
        assertThat(directory.resolve("disk.raw.holdfast")).hasBinaryContent(descriptor);
    }

    /// A power cut in the midst of what makes it an image like any other leaves one of these.
    @Test
    void aDiskAllOfWhichHasArrivedBecomesAnImageHoweverFarThatGot() throws Exception {
        for (int step = 0; step < 4; step++) {
            Provisioning.create(disk, image.toString());
            Path descriptor = directory.resolve("disk.raw.holdfast");
            Path incomplete = directory.resolve("disk.raw.incomplete");
            Files.write(incomplete, content);
            arrive(descriptor, step);
            switch (step) {
                case 2 -> Files.createLink(disk, incomplete);
                case 3 -> Files.move(incomplete, disk);
                default -> {}
            }
            try (BlockDevice device = Disks.open(disk, Access.READ_ONLY, null)) {
                assertThat(new Blocking(device).read(0, SIZE)).as("step %d", step).isEqualTo(content);
            }
            try (BlockDevice device = open()) {
                assertThat(device).isInstanceOf(RawFile.class);
                assertThat(new Blocking(device).read(0, SIZE)).isEqualTo(content);
            }
            assertThat(files()).as("step %d", step).containsExactly("disk.raw");
            Files.delete(disk);
        }
    }

    private static void arrive(Path descriptor, int step) throws DiskException {
        try (DescriptorFile file = DescriptorFile.open(descriptor, Access.READ_WRITE)) {
            file.begin();
            file.arrived();
            if (step > 0) {
                file.unmark();
            }
        }
    }

    @Test
    void anotherFileOfItsNameIsNotReplacedByWhatHasArrived() throws Exception {
        Provisioning.create(disk, image.toString());
        try (BlockDevice device = open()) {
            fill(device);
            Files.writeString(disk, "somebody else's");
        }
        assertThat(disk).hasContent("somebody else's");
        assertThatThrownBy(this::open).hasMessageContaining("is there, and is not the disk that has arrived; move it away");
        Files.delete(disk);
        open().close();
        assertThat(Files.readAllBytes(disk)).isEqualTo(content);
    }

    @Test
    void whatATraceNamesArrivesAtOnceWhenTheDiskIsUsed() throws Exception {
        Provisioning.create(disk, image.toString());
        try (BlockDevice open = Disks.open(disk, Access.READ_WRITE, null)) {
            new Blocking(open).read(1 << 20, 64 << 10);
        }
        Path trace = directory.resolve("boot.trace");
        DiskTrace.write(disk, trace);
        Path next = directory.resolve("next.raw");
        Provisioning.create(next, image.toString(), trace);
        Files.delete(trace);
        var rung = new ArrayDeque<Runnable>();
        try (var open = (ProvisionedDevice) Disks.open(next, Access.READ_WRITE, null)) {
            open.fillMeanwhile(1, (_, action) -> rung.add(action));
            rung.remove().run();
            new Blocking(open).read(1 << 20, 64 << 10);
            assertThat(open.misses().count()).isZero();
            new Blocking(open).read(3 << 20, 4096);
            assertThat(open.misses().count()).isEqualTo(1);
            assertThat(open.misses().total()).isPositive();
            assertThat(open.fill(0, Alarm.wallClock()).await(Duration.ofSeconds(30))).isTrue();
        }
        assertThat(next).hasSameBinaryContentAs(image);
        assertThat(Provisioning.traceOf(next)).doesNotExist();
    }

    @Test
    void aTraceOfAnotherImageIsRefusedAndOneThatIsDamagedIsNotNeeded() throws Exception {
        Path trace = directory.resolve("boot.trace");
        Files.writeString(trace, "holdfast trace 1\nimage another\n0 4096\n");
        assertThatThrownBy(() -> Provisioning.create(disk, image.toString(), trace)).hasMessageContaining("is of another image than");
        assertThat(Provisioning.isArriving(disk)).isFalse();
        Provisioning.create(disk, image.toString());
        Files.writeString(Provisioning.traceOf(disk), "nonsense");
        try (var _ = Silence.of(Provisioning.class); BlockDevice open = Disks.open(disk, Access.READ_WRITE, null)) {
            assertThat(new Blocking(open).read(0, 4096)).isEqualTo(Arrays.copyOf(Files.readAllBytes(image), 4096));
        }
    }

    @Test
    void theRestCanComeFromElsewhereIfItIsTheSameImage() throws Exception {
        Provisioning.create(disk, image.toString());
        try (BlockDevice device = open()) {
            new Blocking(device).write(BLOCK, Noise.of(4).bytes(BLOCK));
            assertThatThrownBy(() -> Provisioning.move(disk, image.toString())).isInstanceOf(OperatorError.class);
        }
        whenServed(Access.READ_ONLY, uri -> Provisioning.move(disk, uri));
        assertThat(Provisioning.describe(disk).repository()).startsWith("nbd");
        whenServed(Access.READ_ONLY, _ -> {
            try (BlockDevice device = open()) {
                assertThat(new Blocking(device).read(0, BLOCK)).isEqualTo(Arrays.copyOf(content, BLOCK));
                assertThat(new Blocking(device).read(BLOCK, BLOCK)).isEqualTo(Noise.of(4).bytes(BLOCK));
            } catch (DiskException e) {
                throw new AssertionError(e);
            }
        });
        Path moved = Files.move(image, directory.resolve("moved.raw"));
        Provisioning.move(disk, moved.toString());
        Path another = Files.write(directory.resolve("another.raw"), Noise.of(9).bytes(SIZE));
        assertThatThrownBy(() -> Provisioning.move(disk, another.toString())).hasMessageContaining("is not the image that");
        assertThatThrownBy(() -> Provisioning.move(another, moved.toString())).hasMessageContaining("does not arrive");
        assertThat(Provisioning.describe(disk).repository()).isEqualTo(moved.toString());
        assertThat(Provisioning.describe(disk).presence().modifiedBytes()).isEqualTo(BLOCK);
        try (BlockDevice device = open()) {
            fill(device);
        }
        assertThat(Files.size(disk)).isEqualTo(SIZE);
    }
}
