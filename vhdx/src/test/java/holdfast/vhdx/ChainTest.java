package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files find their parents, and take no other file for one.
class ChainTest {
    private static final int MIB = 1 << 20;
    private static final UUID CONTENT = new UUID(20, 21);

    @TempDir
    Path directory;

    private Path write(String name, Metadata metadata, UUID content, int value) throws Exception {
        Path path = directory.resolve(name);
        Files.createDirectories(path.getParent());
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(8 * MIB);
        }
        try (var store = RawFile.open(path, Access.READ_WRITE)) {
            Sample.on(metadata, store).content(content).block(value, new byte[] {(byte) value});
            new Blocking(store).flush();
        }
        return path;
    }

    private Path parent(String name) throws Exception {
        return write(name, Sample.dynamic(4 * MIB, MIB), CONTENT, 1);
    }

    private Path child(String name, Map<String, String> locator) throws Exception {
        return child(name, Sample.dynamic(4 * MIB, MIB), locator);
    }

    private Path child(String name, Metadata parent, Map<String, String> locator) throws Exception {
        var all = new HashMap<>(locator);
        all.putIfAbsent(ParentLocator.LINKAGE, Guid.text(CONTENT));
        all.putIfAbsent(ParentLocator.LINKAGE_2, Guid.text(Guid.NONE));
        return write(name, Sample.over(parent, MIB, all), new UUID(22, 23), 2);
    }

    private Path childOf(String relativePath) throws Exception {
        return child("child.vhdx", Map.of(ParentLocator.RELATIVE_PATH, relativePath));
    }

    private void opens(Path path, @Nullable Path parentPath) throws Exception {
        try (VhdxDisk disk = VhdxDisk.open(path, parentPath)) {
            assertThat(new Blocking(disk).read(MIB, 512)[0]).as("the parent's").isEqualTo((byte) 1);
            assertThat(new Blocking(disk).read(2 * MIB, 512)[0]).as("the child's").isEqualTo((byte) 2);
        }
    }

    private void refuses(Path path, @Nullable Path parentPath, String... words) throws Exception {
        long open = descriptors();
        assertThatThrownBy(() -> VhdxDisk.open(path, parentPath).close())
                .isInstanceOf(OperatorError.class)
                .hasMessageContainingAll(words);
        assertThat(descriptors()).as("descriptors left open").isEqualTo(open);
    }

    private long descriptors() throws Exception {
        long count = 0;
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                count += Files.isSymbolicLink(descriptor) && Files.readSymbolicLink(descriptor).startsWith(directory) ? 1 : 0;
            }
        }
        return count;
    }

    @ParameterizedTest
    @ValueSource(strings = {"..\\base disks\\parent.vhdx", "../base disks/parent.vhdx", "..\\base disks/.\\parent.vhdx"})
    void aParentIsFoundByEitherSeparator(String relativePath) throws Exception {
        parent("base disks/parent.vhdx");
        opens(child("children/child.vhdx", Map.of(ParentLocator.RELATIVE_PATH, relativePath)), null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\\\\?\\", "C:", "\\\\?\\C:"})
    void aParentIsFoundByItsAbsolutePathWhenItIsNotBesideTheChild(String prefix) throws Exception {
        Path parent = parent("elsewhere/parent.vhdx");
        opens(child("child.vhdx", Map.of(
                ParentLocator.RELATIVE_PATH, ".\\parent.vhdx",
                ParentLocator.ABSOLUTE_PATH, prefix + parent.toString().replace('/', '\\'))), null);
    }

    @Test
    void aNameThatATerminalWouldObeyIsNotShownAsItIs() throws Exception {
        Path child = childOf("..\\\u001b[2J\\a\n\r\u0085\u009b1m\u2028b.vhdx");
        refuses(child, null, "child.vhdx: its parent a????1m?b.vhdx is not there; looked for " + directory, "/../?[2J/a????1m?b.vhdx");
        assertThat(FileIdentifier.parse(new FileIdentifier("me\u001b[2J").encode()).orElseThrow().creator()).isEqualTo("me?[2J");
    }

    @Test
    void aParentIsWhereTheOperatorSaysItIs() throws Exception {
        parent("parent.vhdx");
        Path moved = Files.move(directory.resolve("parent.vhdx"), directory.resolve("moved.vhdx"));
        Path child = childOf(".\\parent.vhdx");
        refuses(child, null, "child.vhdx: its parent parent.vhdx is not there; looked for " + directory, "--parent-path");
        opens(child, moved);
        refuses(moved, child, "has no parent");
    }

    @Test
    void aCopyOfTheParentIsAsGoodAndAnotherDiskIsNot() throws Exception {
        Path parent = parent("parent.vhdx");
        Path child = childOf("parent.vhdx");
        Path copy = Files.copy(parent, directory.resolve("copy.vhdx"));
        opens(child, copy);
        Path other = write("other.vhdx", Sample.dynamic(4 * MIB, MIB), new UUID(1, 1), 1);
        refuses(child, other, "other.vhdx: has changed since " + child + " was made over it, or is another disk",
                Guid.text(CONTENT), Guid.text(new UUID(1, 1)));
    }

    @Test
    void aParentThatWasWrittenToIsRefused() throws Exception {
        parent("parent.vhdx");
        Path child = childOf("parent.vhdx");
        write("parent.vhdx", Sample.dynamic(4 * MIB, MIB), new UUID(99, 99), 1);
        refuses(child, null, "parent.vhdx: has changed since");
    }

    @Test
    void aChangeInTheMiddleOfAChainIsRefused() throws Exception {
        parent("parent.vhdx");
        child("middle.vhdx", Map.of(ParentLocator.RELATIVE_PATH, "parent.vhdx"));
        Path top = child("top.vhdx", Map.of(
                ParentLocator.RELATIVE_PATH, "middle.vhdx", ParentLocator.LINKAGE, Guid.text(new UUID(22, 23))));
        opens(top, null);
        write("parent.vhdx", Sample.dynamic(4 * MIB, MIB), new UUID(99, 99), 1);
        refuses(top, null, "parent.vhdx: has changed since " + directory.resolve("middle.vhdx"));
    }

    @Test
    void aSecondLinkageIsAsGoodAsTheFirst() throws Exception {
        parent("parent.vhdx");
        opens(child("child.vhdx", Map.of(
                ParentLocator.RELATIVE_PATH, "parent.vhdx",
                ParentLocator.LINKAGE, Guid.text(new UUID(5, 5)),
                ParentLocator.LINKAGE_2, Guid.text(CONTENT))), null);
    }

    @Test
    void aLinkageOfZerosMatchesNothing() throws Exception {
        write("parent.vhdx", Sample.dynamic(4 * MIB, MIB), Guid.NONE, 1);
        refuses(childOf("parent.vhdx"), null, "has changed since");
        refuses(child("child.vhdx", Map.of(
                ParentLocator.RELATIVE_PATH, "parent.vhdx", ParentLocator.LINKAGE, Guid.text(Guid.NONE))), null, "has changed since");
    }

    @Test
    void aChildWithoutALinkageHasNoParentThatFits() throws Exception {
        parent("parent.vhdx");
        refuses(child("child.vhdx", Map.of(
                ParentLocator.RELATIVE_PATH, "parent.vhdx", ParentLocator.LINKAGE, "nonsense")), null, "that expects nothing");
    }

    @Test
    void aParentLargerThanItsChildOrOfAnotherSectorSizeIsRefused() throws Exception {
        parent("parent.vhdx");
        refuses(child("child.vhdx", Sample.dynamic(4 * MIB - 512, MIB), Map.of(ParentLocator.RELATIVE_PATH, "parent.vhdx")),
                null, "parent.vhdx: is larger than", "4194304 bytes, not 4193792");
        refuses(child("child.vhdx", Sample.sector4096(4 * MIB, MIB), Map.of(ParentLocator.RELATIVE_PATH, "parent.vhdx")),
                null, "parent.vhdx: has sectors of 512 bytes", "of 4096");
    }

    @Test
    void aChainThatComesBackToItselfIsRefused() throws Exception {
        Map<String, String> own = Map.of(ParentLocator.LINKAGE, Guid.text(new UUID(22, 23)));
        var toB = new HashMap<>(own);
        toB.put(ParentLocator.RELATIVE_PATH, "b.vhdx");
        var toA = new HashMap<>(own);
        toA.put(ParentLocator.RELATIVE_PATH, "link.vhdx");
        Path a = child("a.vhdx", toB);
        Path b = child("b.vhdx", toA);
        Files.createSymbolicLink(directory.resolve("link.vhdx"), a);
        refuses(a, null, "b.vhdx: has the parent", "which lies above it");
        refuses(b, b, "which lies above it");
    }

    @Test
    void aParentThatIsNoVhdxFileIsRefused() throws Exception {
        Files.write(directory.resolve("parent.vhdx"), new byte[4096]);
        refuses(childOf("parent.vhdx"), null, "parent.vhdx: is no VHDX file");
    }

    @Test
    void openingAndReadingChangesNothing() throws Exception {
        Path parent = parent("parent.vhdx");
        Path child = childOf("parent.vhdx");
        byte[] before = Files.readAllBytes(parent);
        FileTime time = Files.getLastModifiedTime(parent);
        byte[] childBefore = Files.readAllBytes(child);
        opens(child, null);
        opens(child, null);
        assertThat(Files.readAllBytes(parent)).isEqualTo(before);
        assertThat(Files.readAllBytes(child)).isEqualTo(childBefore);
        assertThat(Files.getLastModifiedTime(parent)).isEqualTo(time);
    }

    @Test
    void manyMayReadAChainAndNobodyWriteToAnyOfIt() throws Exception {
        Path parent = parent("parent.vhdx");
        Path child = childOf("parent.vhdx");
        try (VhdxDisk _ = VhdxDisk.open(child, null)) {
            opens(child, null);
            for (Path path : List.of(parent, child)) {
                assertThatThrownBy(() -> RawFile.open(path, Access.READ_WRITE)).hasMessageContaining("is in use");
            }
        }
        try (var _ = RawFile.open(parent, Access.READ_WRITE)) {
            refuses(child, null, "parent.vhdx: is open for writing");
        }
    }

    @Test
    void aFileSaysWhatItIsWithoutItsParent() throws Exception {
        VhdxInfo info = VhdxDisk.info(childOf("..\\gone\\parent.vhdx"));
        assertThat(info.kind()).isEqualTo(VhdxInfo.Kind.DIFFERENCING);
        assertThat(info.parent()).isEqualTo("parent.vhdx");
        assertThat(info.size()).isEqualTo(new ByteSize(4 * MIB));
        assertThat(info.creator()).isEqualTo("a test");
    }
}
