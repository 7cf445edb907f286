package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.MemoryDevice;
import holdfast.block.RecordingDevice;
import holdfast.block.Survival;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParentLinkTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private Path base;
    private Path child;

    ParentLinkTest() {
        base = Path.of("");
        child = base;
    }

    @BeforeEach
    void aChain() throws Exception {
        base = directory.resolve("base.vhdx");
        child = directory.resolve("child.vhdx");
        NewVhdx.create(base, new NewVhdx.Shape(4 * MIB, MIB, 512, false));
        NewVhdx.createOver(child, base);
        write(child, MIB);
    }

    private static void write(Path path, long at) throws Exception {
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            new Blocking(disk).write(at, sevens());
        }
    }

    private static byte[] sevens() {
        var bytes = new byte[4096];
        Arrays.fill(bytes, (byte) 7);
        return bytes;
    }

    @Test
    void aParentThatWasMovedIsFoundAgainAndTheDiskIsStillTheSame() throws Exception {
        UUID content = VhdxDisk.info(child).content();
        Path moved = Files.createDirectory(directory.resolve("there")).resolve("renamed.vhdx");
        Files.move(base, moved);
        assertThatThrownBy(() -> VhdxDisk.open(child, null)).hasMessageContaining("is not there");
        ParentLink.change(child, moved, false);
        try (VhdxDisk disk = VhdxDisk.open(child, null)) {
            assertThat(new Blocking(disk).read(MIB, 4096)).isEqualTo(sevens());
            assertThat(disk.layers().getFirst().parent()).isEqualTo("renamed.vhdx");
        }
        assertThat(VhdxDisk.info(child).content()).isEqualTo(content);
        assertThat(VhdxDisk.info(child).dirty()).isFalse();
    }

    @Test
    void aParentThatHasChangedIsTakenOnlyWhenTheOperatorSaysSoAndTheDiskIsAnotherThen() throws Exception {
        UUID content = VhdxDisk.info(child).content();
        Path grandchild = directory.resolve("grandchild.vhdx");
        NewVhdx.createOver(grandchild, child);
        write(base, 0);
        byte[] before = Files.readAllBytes(child);
        assertThatThrownBy(() -> ParentLink.change(child, null, false)).hasMessageContaining("has changed since");
        assertThat(Files.readAllBytes(child)).isEqualTo(before);
        ParentLink.change(child, null, true);
        try (VhdxDisk disk = VhdxDisk.open(child, null)) {
            assertThat(new Blocking(disk).read(0, 4096)).isEqualTo(sevens());
            assertThat(new Blocking(disk).read(MIB, 4096)).isEqualTo(sevens());
        }
        assertThat(VhdxDisk.info(child).content()).isNotEqualTo(content);
        assertThatThrownBy(() -> VhdxDisk.open(grandchild, null)).hasMessageContaining("child.vhdx: has changed since");
    }

    @Test
    void theLocatorCanBeChangedAgainAndAgain() throws Exception {
        for (int i = 0; i < 30; i++) {
            Path next = directory.resolve("base" + "x".repeat(i % 7) + i + ".vhdx");
            Files.move(base, next);
            base = next;
            ParentLink.change(child, next, false);
            VhdxDisk.open(child, null).close();
        }
    }

    @Test
    void whatCannotBeAParentIsRefused() throws Exception {
        assertThatThrownBy(() -> ParentLink.change(base, child, false)).hasMessageContaining("has no parent");
        assertThatThrownBy(() -> ParentLink.change(child, child, true)).hasMessageContaining("its own parent");
        Path grandchild = directory.resolve("grandchild.vhdx");
        NewVhdx.createOver(grandchild, child);
        assertThatThrownBy(() -> ParentLink.change(child, grandchild, true)).hasMessageContaining("child.vhdx");
        Path larger = directory.resolve("larger.vhdx");
        NewVhdx.create(larger, new NewVhdx.Shape(8 * MIB, MIB, 512, false));
        assertThatThrownBy(() -> ParentLink.change(child, larger, true)).hasMessageContaining("is larger than");
        Path other = directory.resolve("other.vhdx");
        NewVhdx.create(other, new NewVhdx.Shape(4 * MIB, MIB, 4096, false));
        assertThatThrownBy(() -> ParentLink.change(child, other, true)).hasMessageContaining("has sectors of 4096 bytes");
        VhdxDisk.open(child, null).close();
    }

    @Test
    void aCutLeavesTheOldLocatorOrTheNewOneAndNoNewOneUnderTheOldIdentifier() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(4 * MIB, MIB));
        Sample sample = Sample.inMemory(Sample.over(parent, "old.vhdx"));
        MemoryDevice before = ((MemoryDevice) sample.store()).copy();
        var store = new RecordingDevice(sample.store());
        var locator = new ParentLocator(Map.of(
                ParentLocator.LINKAGE, Guid.text(new UUID(1, 1)), ParentLocator.RELATIVE_PATH, "n".repeat(5000)));
        ParentLink.write(VhdxFile.of(store, "child"), locator, true, UUID::randomUUID);
        int changed = 0;
        for (int time = 0; time <= store.recording().events().size(); time++) {
            for (int seed = 0; seed < 20; seed++) {
                MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                VhdxFile file = VhdxFile.of(found, "child");
                ParentLocator now = Objects.requireNonNull(file.metadata().parent());
                boolean same = now.equals(sample.metadata().parent());
                assertThat(same || now.equals(locator)).as("cut after event %d, seed %d", time, seed).isTrue();
                assertThat(same || !file.header().dataWrite().equals(sample.content())).isTrue();
                changed += same ? 0 : 1;
            }
        }
        assertThat(changed).isGreaterThanOrEqualTo(20);
    }
}
