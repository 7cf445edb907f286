package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NewVhdxTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private static NewVhdx.Shape shape(long size, int block, int sector, boolean fixed) {
        return new NewVhdx.Shape(size, block, sector, fixed);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 512", "5, 1, 512", "40, 8, 4096", "5000, 256, 512", "9000, 1, 512"})
    @Needs({"qemu-img", "qemu-io"})
    void aNewDiskIsEmptyAndQemuWritesToIt(int sizeMib, int blockMib, int sector) throws Exception {
        Path path = directory.resolve("disk.vhdx");
        long size = (long) sizeMib * MIB;
        NewVhdx.create(path, shape(size, blockMib * MIB, sector, false));
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            assertThat(disk.geometry().sizeBytes()).isEqualTo(size);
            assertThat(disk.geometry().logicalBlockBytes()).isEqualTo(sector);
            assertThat(new Blocking(disk).extents(0, size)).singleElement().matches(extent -> extent.readsZero());
        }
        // QEMU knows no sectors of 4096 bytes in VHDX files.
        if (sector == 512) {
            assertThat(Program.output("qemu-img", "check", "-f", "vhdx", path)).contains("No errors");
            Program.output("qemu-io", "-f", "vhdx", "-c", "write -q -P 7 " + (size - 4096) + " 4096", path);
            try (VhdxDisk disk = VhdxDisk.open(path, null)) {
                assertThat(new Blocking(disk).read(size - 4096, 4096)).containsOnly(7);
            }
        }
    }

    @Test
    void aFixedDiskTakesItsSpaceAtOnceAndReadsAsZeros() throws Exception {
        Path path = directory.resolve("disk.vhdx");
        NewVhdx.create(path, shape(9 * MIB, 4 * MIB, 512, true));
        assertThat(Program.allocatedBytes(path)).isGreaterThanOrEqualTo(12 * MIB);
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            assertThat(disk.layers().getFirst().kind()).isEqualTo(VhdxInfo.Kind.FIXED);
            assertThat(new Blocking(disk).read(0, 9 * MIB)).containsOnly(0);
        }
    }

    @Test
    void aDiskOf64TebibytesTakesNoRoom() throws Exception {
        Path path = directory.resolve("disk.vhdx");
        NewVhdx.create(path, shape(64L << 40, MIB, 512, false));
        assertThat(Program.allocatedBytes(path)).isLessThan(MIB);
        try (VhdxDisk disk = VhdxDisk.open(path, null)) {
            assertThat(new Blocking(disk).read((64L << 40) - MIB, MIB)).containsOnly(0);
        }
    }

    @Test
    void aChildIsItsParentUntilSomethingIsDifferent() throws Exception {
        Path parent = Files.createDirectories(directory.resolve("base")).resolve("parent.vhdx");
        try (NewVhdx made = NewVhdx.begin(parent, shape(9 * MIB, 4 * MIB, 512, false));
                Arena arena = Arena.ofShared()) {
            MemorySegment data = arena.allocate(3 * MIB).fill((byte) 5);
            made.write(MIB + 512, data);
            made.finish();
        }
        Path children = Files.createDirectories(directory.resolve("children"));
        Files.createSymbolicLink(directory.resolve("link"), children);
        Path child = directory.resolve("link/child.vhdx");
        NewVhdx.createOver(child, parent);
        Path grandchild = children.resolve("grandchild.vhdx");
        NewVhdx.createOver(grandchild, child);
        for (Path path : new Path[] {child, children.resolve("child.vhdx"), grandchild}) {
            try (VhdxDisk disk = VhdxDisk.open(path, null)) {
                byte[] all = new Blocking(disk).read(0, 9 * MIB);
                for (int i = 0; i < all.length; i++) {
                    assertThat(all[i]).isEqualTo((byte) (i >= MIB + 512 && i < 4 * MIB + 512 ? 5 : 0));
                }
            }
        }
        try (VhdxFile file = VhdxFile.open(child)) {
            assertThat(file.metadata().blockBytes()).as("as its parent's").isEqualTo(4 * MIB);
            assertThat(Objects.requireNonNull(file.metadata().parent()).values())
                    .containsEntry(ParentLocator.RELATIVE_PATH, "..\\base\\parent.vhdx")
                    .containsEntry(ParentLocator.ABSOLUTE_PATH, parent.toRealPath().toString().replace('/', '\\'));
        }
    }

    @Test
    @Needs("vhdiinfo")
    void libvhdiKnowsAChildAndItsParent() throws Exception {
        Path parent = directory.resolve("parent.vhdx");
        Path child = directory.resolve("child.vhdx");
        NewVhdx.create(parent, shape(9 * MIB, 2 * MIB, 512, false));
        NewVhdx.createOver(child, parent);
        assertThat(Program.output("vhdiinfo", child))
                .contains("Differential")
                .contains("9437184 bytes")
                .contains(VhdxDisk.info(parent).content().toString());
    }

    @Test
    void aFileThatIsNotFinishedIsRemovedAndUntilThenNoVhdxFile() throws Exception {
        Path path = directory.resolve("disk.vhdx");
        try (NewVhdx _ = NewVhdx.begin(path, shape(9 * MIB, 2 * MIB, 512, false))) {
            byte[] start = Files.readAllBytes(path);
            assertThat(FileIdentifier.parse(start)).isEmpty();
            assertThatThrownBy(() -> RawFile.open(path, Access.READ_ONLY)).hasMessageContaining("is open for writing");
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void disksThatThereAreNotAreRefused() {
        for (long size : new long[] {0, -512, 1000, (64L << 40) + 512}) {
            assertThatThrownBy(() -> shape(size, MIB, 512, false)).isInstanceOf(OperatorError.class);
        }
        for (int block : new int[] {0, MIB / 2, 3 * MIB, 512 * MIB}) {
            assertThatThrownBy(() -> shape(MIB, block, 512, false)).isInstanceOf(OperatorError.class);
        }
        assertThatThrownBy(() -> shape(MIB, MIB, 1024, false)).isInstanceOf(OperatorError.class);
    }
}
