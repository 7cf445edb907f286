package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.ArrayModel;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A disk that is made larger while it is open.
class OnlineGrowthTest {
    private static final int MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final int SIZE = 6 * MIB + 4096;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"dynamic", "child", "fixed"})
    @Needs("qemu-img")
    void whoeverUsesItGoesOnAndFindsWhatIsNewEmpty(String kind) throws Exception {
        Path path = directory.resolve("disk.vhdx");
        Path parent = directory.resolve("parent.vhdx");
        NewVhdx.create(kind.equals("child") ? parent : path, new NewVhdx.Shape(SIZE, 2 * MIB, 512, kind.equals("fixed")));
        if (kind.equals("child")) {
            NewVhdx.createOver(path, parent);
        }
        // The second size is in the table's next chunk, the third where the table has to move.
        List<Long> sizes = kind.equals("fixed") ? List.of(7L * MIB, 40L * MIB) : List.of(7L * MIB, 20 * GIB, 600 * GIB);
        var model = new byte[0];
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var blocking = new Blocking(disk);
            long before = SIZE;
            for (long size : sizes) {
                var user = new ArrayModel(blocking, blocking.read(0, SIZE), size);
                CompletableFuture<Void> using = CompletableFuture.runAsync(() -> {
                    try {
                        user.run(60);
                    } catch (DiskException e) {
                        throw new IllegalStateException(e);
                    }
                });
                disk.grow(size);
                assertThat(disk.geometry().sizeBytes()).isEqualTo(size);
                assertThat(disk.layers().getFirst().size().bytes()).isEqualTo(size);
                assertThat(blocking.read(before, MIB / 2)).containsOnly(0);
                blocking.write(size - MIB / 2, Noise.of(size).bytes(MIB / 2));
                using.join();
                model = user.content();
                before = size;
            }
        }
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            var blocking = new Blocking(disk);
            assertThat(blocking.read(0, SIZE)).isEqualTo(model);
            for (long size : sizes) {
                assertThat(blocking.read(size - MIB / 2, MIB / 2)).isEqualTo(Noise.of(size).bytes(MIB / 2));
            }
            assertThat(blocking.read(sizes.getLast() - 4 * MIB, 3 * MIB)).containsOnly(0);
        }
        if (!kind.equals("child")) {
            assertThat(Program.output("qemu-img", "check", "-f", "vhdx", path)).contains("No errors");
        }
    }

    /// The table of a child has room for a whole chunk.
    @Test
    void entriesWithinTheTableThatWereNoBlocksAreNone() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(3 * MIB, MIB));
        Sample child = Sample.inMemory(Sample.over(parent, "parent.vhdx")).block(1, Noise.of(1).bytes(4096));
        child.entry(3, BatEntry.of(BatEntry.FULLY_PRESENT, child.end() - MIB)).entry(7, 4);
        try (VhdxDisk disk = VhdxDisk.of(List.of(child.live(), parent.file()), true, UUID::randomUUID)) {
            disk.grow(9 * MIB);
            assertThat(new Blocking(disk).read(3 * MIB, 6 * MIB)).containsOnly(0);
            assertThat(new Blocking(disk).read(MIB, 4096)).isEqualTo(Noise.of(1).bytes(4096));
        }
    }

    @Test
    void whereThereIsNoRoomItStaysAsItIs() throws Exception {
        var store = new MemoryDevice(new ByteSize(8 * MIB));
        Sample sample = Sample.on(new Metadata(MIB, true, false, 2 * MIB, new UUID(1, 2), 512, 4096, null), store);
        sample.block(0, Noise.of(1).bytes(4096)).block(1, Noise.of(2).bytes(4096));
        try (VhdxDisk disk = VhdxDisk.of(List.of(sample.live()), true, UUID::randomUUID)) {
            assertThatThrownBy(() -> disk.grow(64 * MIB)).isInstanceOf(OperatorError.class).hasMessageContaining("there is no room");
            assertThat(disk.geometry().sizeBytes()).isEqualTo(2 * MIB);
            assertThat(disk.layers().getFirst().content()).isEqualTo(sample.content());
            disk.grow(3 * MIB);
            new Blocking(disk).write(2 * MIB, Noise.of(3).bytes(4096));
        }
        try (VhdxDisk disk = sample.open()) {
            assertThat(new Blocking(disk).read(0, 4096)).isEqualTo(Noise.of(1).bytes(4096));
            assertThat(new Blocking(disk).read(2 * MIB, 4096)).isEqualTo(Noise.of(3).bytes(4096));
        }
    }

    @Test
    void oneThatIsReadOnlyOrWouldBeSmallerDoesNotGrow() throws Exception {
        Path path = directory.resolve("disk.vhdx");
        NewVhdx.create(path, new NewVhdx.Shape(SIZE, MIB, 512, false));
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            assertThatThrownBy(() -> disk.grow(2 * SIZE)).isInstanceOf(OperatorError.class).hasMessageContaining("may not be written");
        }
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            UUID content = disk.layers().getFirst().content();
            assertThatThrownBy(() -> disk.grow(MIB)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> disk.grow(SIZE + 1)).isInstanceOf(OperatorError.class).hasMessageContaining("whole sectors");
            assertThatThrownBy(() -> disk.grow(65L << 40)).isInstanceOf(OperatorError.class).hasMessageContaining("64 TiB");
            disk.grow(SIZE);
            assertThat(disk.layers().getFirst().content()).isEqualTo(content);
            disk.grow(2 * SIZE);
            assertThat(disk.layers().getFirst().content()).isNotEqualTo(content);
        }
    }
}
