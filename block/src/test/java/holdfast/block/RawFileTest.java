package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import holdfast.testkit.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.HashSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RawFileTest extends BlockDeviceContract {
    @TempDir
    Path directory;

    @Override
    protected BlockDevice open() throws IOException {
        return RawFile.open(sized("disk.img", SIZE), Access.READ_WRITE);
    }

    private Path sized(String name, long bytes) throws IOException {
        Path path = directory.resolve(name);
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return path;
    }

    @Test
    void whatIsWrittenIsInTheFileAtTheSamePlace() throws Exception {
        byte[] data = Noise.of(1).bytes(8192);
        disk().write(1 << 20, data);
        disk().flush();
        byte[] file = Files.readAllBytes(directory.resolve("disk.img"));
        assertThat(file).hasSize((int) SIZE);
        assertThat(Arrays.copyOfRange(file, 1 << 20, (1 << 20) + 8192)).isEqualTo(data);
    }

    @Test
    void discardAndWriteZeroesGiveSpaceBackToTheHost() throws Exception {
        disk().write(0, Noise.of(1).bytes((int) SIZE));
        disk().flush();
        long full = Program.allocatedBytes(directory.resolve("disk.img"));
        assertThat(full).isGreaterThanOrEqualTo(SIZE);
        disk().discard(0, 1 << 20);
        disk().writeZeroes(1 << 20, 1 << 20);
        disk().flush();
        assertThat(Program.allocatedBytes(directory.resolve("disk.img"))).isLessThanOrEqualTo(full - (2 << 20));
        assertThat(disk().read(0, 2 << 20)).containsOnly(0);
    }

    @Test
    void zerosThatMayNotUnmapKeepTheirSpace() throws Exception {
        disk().write(0, Noise.of(1).bytes(1 << 20));
        disk().flush();
        long before = Program.allocatedBytes(directory.resolve("disk.img"));
        disk().await(done -> new Request.WriteZeroes(0, 1 << 20, false, false, true, done));
        assertThat(Program.allocatedBytes(directory.resolve("disk.img"))).isGreaterThanOrEqualTo(before);
        assertThat(disk().read(0, 1 << 20)).containsOnly(0);
    }

    @Test
    void aDiskOpenedForReadingCannotBeChanged() throws Exception {
        Path path = sized("ro.img", 4096);
        FileTime before = Files.getLastModifiedTime(path);
        try (var device = RawFile.open(path, Access.READ_ONLY)) {
            assertThat(device.geometry().readOnly()).isTrue();
            var disk = new Blocking(device);
            assertThat(disk.read(0, 4096)).containsOnly(0);
            assertThatThrownBy(() -> disk.write(0, new byte[512])).hasMessageContaining("READ_ONLY");
            disk.flush();
        }
        assertThat(Files.getLastModifiedTime(path)).isEqualTo(before);
    }

    @Test
    void anOddSizeIsADiskUpToTheNextBlockWithZerosAtItsEnd() throws Exception {
        Path path = directory.resolve("odd.img");
        byte[] content = Noise.of(1).bytes(1300);
        Files.write(path, content);
        try (var device = RawFile.open(path, Access.READ_WRITE)) {
            assertThat(device.geometry().sizeBytes()).isEqualTo(1536);
            var disk = new Blocking(device);
            assertThat(disk.read(0, 1536)).isEqualTo(Arrays.copyOf(content, 1536));
            assertThat(disk.extents(0, 1536).getLast().end()).isEqualTo(1536);
            assertThat(Files.size(path)).as("reading changes nothing").isEqualTo(1300);

            byte[] last = Noise.of(2).bytes(512);
            disk.write(1024, last);
            assertThat(Files.size(path)).isEqualTo(1536);
            assertThat(disk.read(1024, 512)).isEqualTo(last);
        }
    }

    @Test
    void aFileThatShrankFailsToReadRatherThanReadAsZeros() throws Exception {
        disk().write(0, Noise.of(1).bytes((int) SIZE));
        sized("disk.img", 1 << 20);
        try (var _ = Silence.of(RawFile.class)) {
            assertThatThrownBy(() -> disk().read(2 << 20, 512)).hasMessageContaining("IO_ERROR");
            assertThatThrownBy(() -> disk().read((1 << 20) - 512, 1024)).hasMessageContaining("IO_ERROR");
        }
    }

    @Test
    void whatIsInMemoryIsReadAtOnceAndNothingElseIs() throws Exception {
        byte[] data = Noise.of(1).bytes(1 << 20);
        disk().write(0, data);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment into = arena.allocate(4096);
            assertThat(device().readAtOnce(8192, into)).isTrue();
            assertThat(into.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(Arrays.copyOfRange(data, 8192, 8192 + 4096));
            assertThat(device().readAtOnce(SIZE - 512, into)).as("over the end").isFalse();
            assertThat(device().readAtOnce(0, arena.allocate(data.length))).as("so much that it would take long").isFalse();
        }
    }

    @Test
    void whatWillNotBeReadIsNotKeptInMemory() throws Exception {
        assumeThat(Files.getFileStore(directory).type()).as("what is in memory anyway").isNotEqualTo("tmpfs");
        disk().write(0, Noise.of(1).bytes((int) SIZE));
        disk().flush();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment into = arena.allocate(4096);
            assertThat(device().readAtOnce(0, into)).isTrue();
            Awaitility.await().atMost(Program.LIMIT).until(() -> {
                device().willNotRead(0, SIZE);
                return !device().readAtOnce(0, into);
            });
            assertThat(disk().read(0, (int) SIZE)).isEqualTo(Noise.of(1).bytes((int) SIZE));
        }
    }

    @Test
    void whatWillBeReadIsBroughtIntoMemory() throws Exception {
        assumeThat(Files.getFileStore(directory).type()).as("what is in memory anyway").isNotEqualTo("tmpfs");
        disk().write(0, Noise.of(1).bytes((int) SIZE));
        disk().flush();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment into = arena.allocate(4096);
            Awaitility.await().atMost(Program.LIMIT).until(() -> {
                Program.output("dd", "if=" + directory.resolve("disk.img"), "iflag=nocache", "count=0"); // what somebody just looks at stays
                return !device().readAtOnce(SIZE - 4096, into);
            });
            device().willRead(0, SIZE);
            Awaitility.await().atMost(Program.LIMIT).until(
                    () -> LongStream.range(0, SIZE / 4096).allMatch(page -> device().readAtOnce(page * 4096, into)));
        }
    }

    @Test
    void theIdentityIsTheSameAsLongAsNothingIsWritten() throws Exception {
        String before = device().identity().orElseThrow();
        disk().read(0, 4096);
        disk().flush();
        device().close();
        try (var again = RawFile.open(directory.resolve("disk.img"), Access.READ_ONLY)) {
            assertThat(again.identity()).hasValue(before);
        }
    }

    @Test
    void theIdentityChangesWithEveryChangeHoweverSoonAfter() throws Exception {
        byte[] data = Noise.of(1).bytes(512);
        var seen = new HashSet<String>();
        for (int i = 0; i < 50; i++) {
            assertThat(seen.add(device().identity().orElseThrow())).as("change %d", i).isTrue();
            switch (i % 3) {
                case 0 -> disk().write(1 << 20, data);
                case 1 -> disk().discard(1 << 20, 4096);
                default -> disk().writeZeroes(1 << 20, 4096);
            }
        }
    }

    @Test
    void anotherFileOfTheSameSizeAndTimeHasAnotherIdentity() throws Exception {
        Path one = directory.resolve("one.img");
        Path two = directory.resolve("two.img");
        Files.write(one, Noise.of(1).bytes(4096));
        Files.write(two, Noise.of(2).bytes(4096));
        Files.setLastModifiedTime(two, Files.getLastModifiedTime(one));
        try (var first = RawFile.open(one, Access.READ_ONLY);
                var second = RawFile.open(two, Access.READ_ONLY)) {
            assertThat(first.identity()).isNotEqualTo(second.identity());
        }
    }

    @Test
    void onceItsClaimIsRevokedNothingReachesTheFile() throws Exception {
        Path path = sized("claimed.img", 1 << 20);
        var revoked = new AtomicBoolean();
        try (var device = RawFile.open(path, Access.READ_WRITE, claim(revoked))) {
            var disk = new Blocking(device);
            byte[] data = Noise.of(1).bytes(4096);
            disk.write(0, data);
            disk.flush();
            revoked.set(true);
            assertThatThrownBy(() -> disk.write(0, new byte[4096])).hasMessageContaining("FENCED");
            assertThatThrownBy(() -> disk.writeZeroes(0, 4096)).hasMessageContaining("FENCED");
            assertThatThrownBy(() -> disk.discard(0, 4096)).hasMessageContaining("FENCED");
            assertThatThrownBy(() -> disk.read(0, 4096)).hasMessageContaining("FENCED");
            assertThatThrownBy(disk::flush).hasMessageContaining("FENCED");
            assertThat(Arrays.copyOf(Files.readAllBytes(path), 4096)).isEqualTo(data);
        }
    }

    private static Claim claim(AtomicBoolean revoked) {
        return new Claim() {
            @Override
            public String owner() {
                return "this test";
            }

            @Override
            public long generation() {
                return 1;
            }

            @Override
            public boolean revoked() {
                return revoked.get();
            }
        };
    }

    @Test
    void aDiskGrowsWhileItIsOpenAndIsAnotherOneThen() throws Exception {
        byte[] data = Noise.of(1).bytes(4096);
        disk().write(SIZE - 4096, data);
        disk().flush();
        var before = device().identity();
        assertThatThrownBy(() -> disk().write(SIZE, data)).isInstanceOf(DiskException.class);

        device().grow(2 * SIZE);
        assertThat(device().geometry().sizeBytes()).isEqualTo(2 * SIZE);
        assertThat(disk().read(SIZE, (int) SIZE)).containsOnly(0);
        assertThat(disk().read(SIZE - 4096, 4096)).isEqualTo(data);
        disk().write(2 * SIZE - 4096, data);
        disk().flush();
        assertThat(device().identity()).isPresent().isNotEqualTo(before);
        assertThat(Files.size(directory.resolve("disk.img"))).isEqualTo(2 * SIZE);
    }

    @Test
    void aDiskThatShrinksKeepsItsBeginningAndReadsAsZerosWhereItGrowsAgain() throws Exception {
        disk().write(0, Noise.of(1).bytes((int) SIZE));
        device().shrink(SIZE / 2);
        assertThat(Files.size(directory.resolve("disk.img"))).isEqualTo(SIZE / 2);
        assertThat(disk().read(0, (int) SIZE / 2)).isEqualTo(Arrays.copyOf(Noise.of(1).bytes((int) SIZE), (int) SIZE / 2));
        assertThatThrownBy(() -> disk().read(SIZE / 2, 512)).isInstanceOf(DiskException.class);
        device().grow(SIZE);
        assertThat(disk().read(SIZE / 2, (int) SIZE / 2)).containsOnly(0);
        for (long bytes : new long[] {0, SIZE / 2 + 1, SIZE + 512}) {
            assertThatThrownBy(() -> device().shrink(bytes)).isInstanceOf(IllegalArgumentException.class);
        }
        try (RawFile readOnly = RawFile.open(sized("fixed.img", SIZE), Access.READ_ONLY)) {
            assertThatThrownBy(() -> readOnly.shrink(512)).isInstanceOf(OperatorError.class);
        }
        assertThat(Files.size(directory.resolve("fixed.img"))).isEqualTo(SIZE);
    }

    @Test
    void aDiskDoesNotShrinkNorGrowByHalfABlockNorWhenItIsReadOnly() throws Exception {
        for (long bytes : new long[] {0, SIZE - 512, SIZE + 1}) {
            assertThatThrownBy(() -> device().grow(bytes)).isInstanceOf(IllegalArgumentException.class);
        }
        try (RawFile readOnly = RawFile.open(sized("fixed.img", SIZE), Access.READ_ONLY)) {
            assertThatThrownBy(() -> readOnly.grow(2 * SIZE)).isInstanceOf(OperatorError.class);
        }
        try (var other = new MemoryDevice(new ByteSize(SIZE))) {
            assertThatThrownBy(() -> other.grow(2 * SIZE)).isInstanceOf(OperatorError.class).hasMessageContaining("cannot grow");
        }
        assertThat(Files.size(directory.resolve("disk.img"))).isEqualTo(SIZE);
        assertThat(Files.size(directory.resolve("fixed.img"))).isEqualTo(SIZE);
    }
}
