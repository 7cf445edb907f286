package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a raw image does when the host's file system fails, or cannot do something.
class RawFileFaultsTest {
    private static final int SIZE = 1 << 20;

    @TempDir
    Path directory;

    /// A file whose system calls end as a test says: an error number, or 0 for what they really do.
    private static final class Faulty extends OpenFile {
        int sync;
        int write;
        int durableWrite;
        int zero;
        int seek;
        int syncs;

        Faulty(Path path, OpenFile file) {
            super(path, file.fd());
        }

        @Override
        int syncData() {
            syncs++;
            return sync != 0 ? -sync : super.syncData();
        }

        @Override
        long write(MemorySegment from, long offset, boolean durable) {
            int error = durable && durableWrite != 0 ? durableWrite : write;
            return error != 0 ? -error : super.write(from, offset, durable);
        }

        @Override
        int punchHole(long offset, long length) {
            return zero != 0 ? -zero : super.punchHole(offset, length);
        }

        @Override
        int zeroRange(long offset, long length) {
            return zero != 0 ? -zero : super.zeroRange(offset, length);
        }

        @Override
        long nextData(long offset) {
            return seek != 0 ? -seek : super.nextData(offset);
        }
    }

    private Faulty file;
    private RawFile device;
    private Blocking disk;
    private Silence silence;

    @BeforeEach
    void open() throws Exception {
        Path path = directory.resolve("disk.img");
        try (var made = new RandomAccessFile(path.toFile(), "rw")) {
            made.setLength(SIZE);
        }
        file = new Faulty(path, OpenFile.open(path, Posix.O_RDWR));
        device = RawFile.of(file, Access.READ_WRITE, null);
        disk = new Blocking(device);
        silence = Silence.of(RawFile.class);
    }

    @AfterEach
    void close() {
        silence.close();
        device.close();
    }

    @Test
    void aFlushIsOneSync() throws Exception {
        disk.flush();
        assertThat(file.syncs).isEqualTo(1);
    }

    @Test
    void afterAFlushThatFailedEveryFlushFails() throws Exception {
        disk.write(0, new byte[512]);
        file.sync = Posix.EIO;
        assertThatThrownBy(disk::flush).hasMessageContaining("IO_ERROR");
        file.sync = 0;
        assertThatThrownBy(disk::flush).as("the data may be gone").hasMessageContaining("IO_ERROR");
    }

    @Test
    void afterAForcedWriteThatFailedEveryFlushFails() {
        file.durableWrite = Posix.EIO;
        assertThatThrownBy(() -> disk.write(0, new byte[512], true)).hasMessageContaining("IO_ERROR");
        file.durableWrite = 0;
        assertThatThrownBy(disk::flush).hasMessageContaining("IO_ERROR");
    }

    @Test
    void aForcedWriteIsAWriteAndASyncWhereTheFileSystemHasNoOther() throws Exception {
        file.durableWrite = Posix.EOPNOTSUPP;
        byte[] data = Noise.of(1).bytes(512);
        disk.write(0, data, true);
        assertThat(file.syncs).isEqualTo(1);
        assertThat(disk.read(0, 512)).isEqualTo(data);
    }

    @Test
    void aFullFileSystemIsToldAsSuch() {
        for (int error : new int[] {Posix.ENOSPC, Posix.EDQUOT, Posix.EFBIG}) {
            file.write = error;
            assertThatThrownBy(() -> disk.write(0, new byte[512])).hasMessageContaining("NO_SPACE");
        }
        file.write = Posix.EIO;
        assertThatThrownBy(() -> disk.write(0, new byte[512])).hasMessageContaining("IO_ERROR");
    }

    @Test
    void whatIsWrittenOnTheCallersThreadFailsAsAnythingElse() throws Exception {
        byte[] data = Noise.of(1).bytes(512);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_BYTE, data);
            device.writeHere(1024, from);
            assertThat(disk.read(1024, 512)).isEqualTo(data);
            assertThatThrownBy(() -> device.writeHere(SIZE, from)).hasMessageContaining("OUT_OF_RANGE");
            file.write = Posix.ENOSPC;
            assertThatThrownBy(() -> device.writeHere(0, from)).hasMessageContaining("NO_SPACE");
        }
    }

    @Test
    void zerosAreWrittenOneByOneWhereHolesCannotBeMadeUnlessThatIsTooSlow() throws Exception {
        disk.write(0, Noise.of(1).bytes(SIZE));
        file.zero = Posix.EOPNOTSUPP;
        assertThatThrownBy(() -> disk.await(done -> new Request.WriteZeroes(0, SIZE, true, true, false, done)))
                .hasMessageContaining("UNSUPPORTED");
        assertThat(disk.read(0, 512)).isEqualTo(Noise.of(1).bytes(512));
        disk.await(done -> new Request.WriteZeroes(512, SIZE - 512, true, false, true, done));
        assertThat(disk.read(512, SIZE - 512)).containsOnly(0);
        assertThat(disk.read(0, 512)).isEqualTo(Noise.of(1).bytes(512));
        assertThat(file.syncs).isEqualTo(1);
    }

    @Test
    void discardDoesNothingWhereHolesCannotBeMade() throws Exception {
        byte[] data = Noise.of(1).bytes(4096);
        disk.write(0, data);
        file.zero = Posix.EOPNOTSUPP;
        disk.discard(0, 4096);
        assertThat(disk.read(0, 4096)).isEqualTo(data);
        file.zero = Posix.EIO;
        assertThatThrownBy(() -> disk.discard(0, 4096)).hasMessageContaining("IO_ERROR");
    }

    @Test
    void everythingIsDataWhereTheFileSystemCannotTell() throws Exception {
        file.seek = Posix.EINVAL;
        assertThat(disk.extents(0, SIZE)).containsExactly(new Extent(0, SIZE, true, false));
    }
}
