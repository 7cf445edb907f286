package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// libvhdi reads differencing disks as we do. It shows them as files of a file system of its own.
@Needs({"vhdimount", "fusermount"})
class LibvhdiTest {
    private static final int MIB = 1 << 20;
    private static final int BLOCKS = 12;

    @TempDir
    Path directory;

    /// Each of its blocks absent, whole or there in part.
    private void write(String name, Metadata metadata, UUID content, Random random) throws Exception {
        Path path = directory.resolve(name);
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(32 * MIB);
        }
        try (var store = RawFile.open(path, Access.READ_WRITE)) {
            Sample sample = Sample.on(metadata, store).content(content);
            for (int block = 0; block < BLOCKS; block++) {
                var data = new byte[MIB];
                random.nextBytes(data);
                switch (random.nextInt(metadata.differencing() ? 3 : 2)) {
                    case 0 -> {}
                    case 1 -> sample.block(block, data);
                    default -> {
                        var own = new BitSet();
                        for (int sector = 0; sector < 2048; sector += 1 + random.nextInt(100)) {
                            own.set(sector, sector + 1 + random.nextInt(20));
                        }
                        own.clear(2048, own.size() + 1);
                        sample.partial(block, own, data);
                    }
                }
            }
        }
    }

    private static Map<String, String> locator(UUID content, String parent) {
        return Map.of(
                ParentLocator.LINKAGE, Guid.text(content),
                ParentLocator.LINKAGE_2, Guid.text(Guid.NONE),
                ParentLocator.RELATIVE_PATH, ".\\" + parent,
                ParentLocator.ABSOLUTE_PATH, "C:\\disks\\" + parent,
                ParentLocator.VOLUME_PATH, "\\\\?\\Volume{5e0bd954-71b2-4bff-a928-082af7ab0f8f}\\disks\\" + parent);
    }

    @Test
    void aChainOfThreeIsTheSameDisk() throws Exception {
        assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "/dev/fuse cannot be used here");
        var random = new Random(5);
        Metadata shape = Sample.dynamic(BLOCKS * MIB, MIB);
        write("parent.vhdx", shape, new UUID(1, 0x81), random);
        write("middle.vhdx", Sample.over(shape, MIB, locator(new UUID(1, 0x81), "parent.vhdx")), new UUID(1, 0x82), random);
        write("top.vhdx", Sample.over(shape, MIB, locator(new UUID(1, 0x82), "middle.vhdx")), new UUID(1, 0x83), random);
        Path mount = Files.createDirectory(directory.resolve("mount"));
        Program.output("vhdimount", directory.resolve("top.vhdx"), mount);
        try (VhdxDisk disk = VhdxDisk.open(directory.resolve("top.vhdx"), null);
                var theirs = RawFile.open(directory.resolve("mount/vhdi3"), Access.READ_ONLY)) {
            for (int block = 0; block < BLOCKS; block++) {
                byte[] ours = new Blocking(disk).read((long) block * MIB, MIB);
                byte[] expected = new Blocking(theirs).read((long) block * MIB, MIB);
                assertThat(Arrays.mismatch(ours, expected)).as("block %d", block).isEqualTo(-1);
            }
        } finally {
            Program.output("fusermount", "-u", mount);
        }
    }
}
