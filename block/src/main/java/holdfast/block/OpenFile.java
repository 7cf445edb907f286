package holdfast.block;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;

/// One open file description: what a descriptor stands for, and what its locks belong to.
///
/// Methods that touch storage return what the system call does, or `-errno`. The file is read and written at given
/// offsets, so any thread may.
class OpenFile implements AutoCloseable {
    private static final long CLOCK_TICK_NANOS = 1_000_000;

    /// Of more than a device's read-ahead, for which this is what Linux begins with, the kernel takes no notice (force_page_cache_ra in
    /// mm/readahead.c).
    private static final long AHEAD_BYTES = 128 << 10;

    private final Path path;
    private final int fd;

    OpenFile(Path path, int fd) {
        this.path = path;
        this.fd = fd;
    }

    /// Opens what is there. Not blocking on a FIFO that nobody writes to.
    ///
    /// @throws SystemError when the kernel refuses
    static OpenFile open(Path path, int flags) throws SystemError {
        return open(path, flags | Posix.O_NONBLOCK, 0);
    }

    /// Makes a file that was not there.
    ///
    /// @param permissions as in `st_mode`, of which the process' mask takes some away
    /// @throws SystemError when the kernel refuses
    static OpenFile create(Path path, int permissions) throws SystemError {
        return open(path, Posix.O_RDWR | Posix.O_CREAT | Posix.O_EXCL, permissions);
    }

    private static OpenFile open(Path path, int flags, int mode) throws SystemError {
        int fd = Posix.open(path.toString(), flags | Posix.O_CLOEXEC, mode);
        if (fd < 0) {
            throw new SystemError(path, -fd);
        }
        return new OpenFile(path, fd);
    }

    Path path() {
        return path;
    }

    int fd() {
        return fd;
    }

    /// What is open, whatever has become of its name meanwhile.
    BasicFileAttributes attributes() {
        try {
            return Files.readAttributes(descriptorPath(), BasicFileAttributes.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What this user may still write on its file system.
    long usableBytes() {
        try {
            return Files.getFileStore(descriptorPath()).getUsableSpace();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// `st_ino`.
    long inode() {
        return (long) unixAttribute("ino");
    }

    /// `st_mode`: kind of file and permissions.
    int mode() {
        return (int) unixAttribute("mode");
    }

    private Object unixAttribute(String name) {
        try {
            return Objects.requireNonNull(Files.getAttribute(descriptorPath(), "unix:" + name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path descriptorPath() {
        return Path.of("/proc/self/fd/" + fd);
    }

    /// The size of a file or a block device.
    long size() {
        return Posix.lseek(fd, 0, Posix.SEEK_END);
    }

    /// Reads until the buffer is full or the file ends.
    ///
    /// @return bytes read
    long read(MemorySegment into, long offset) {
        long done = 0;
        while (done < into.byteSize()) {
            long result = Posix.pread(fd, into.asSlice(done), offset + done);
            if (result < 0) {
                return result;
            }
            if (result == 0) {
                break;
            }
            done += result;
        }
        return done;
    }

    /// Reads what is in memory already.
    ///
    /// @return whether the buffer is full
    boolean readCached(MemorySegment into, long offset) {
        return Posix.preadv2(fd, into, offset, Posix.RWF_NOWAIT) == into.byteSize();
    }

    /// Begins to bring a range into memory.
    void willRead(long offset, long length) {
        for (long done = 0; done < length; done += AHEAD_BYTES) {
            Posix.fadvise(fd, offset + done, Math.min(AHEAD_BYTES, length - done), Posix.POSIX_FADV_WILLNEED);
        }
    }

    /// Begins to bring what was written to a range to storage, and gives back the memory of what is there already.
    void willNotRead(long offset, long length) {
        Posix.fadvise(fd, offset, length, Posix.POSIX_FADV_DONTNEED);
    }

    /// Writes the whole buffer; with `durable` it is on stable storage afterwards.
    long write(MemorySegment from, long offset, boolean durable) {
        long done = 0;
        while (done < from.byteSize()) {
            MemorySegment rest = from.asSlice(done);
            long result = durable
                    ? Posix.pwritev2(fd, rest, offset + done, Posix.RWF_DSYNC)
                    : Posix.pwrite(fd, rest, offset + done);
            if (result < 0) {
                return result;
            }
            done += result;
        }
        return done;
    }

    /// Data, and what is needed to find it, to stable storage.
    int syncData() {
        return Posix.fdatasync(fd);
    }

    /// Everything about the file to stable storage.
    int sync() {
        return Posix.fsync(fd);
    }

    int truncate(long size) {
        return Posix.ftruncate(fd, size);
    }

    Instant modificationTime() {
        return attributes().lastModifiedTime().toInstant();
    }

    /// Sets the time of modification to now, and waits where the file system's clock has not moved since the last change:
    /// it ticks every few milliseconds in ext4 before Linux 6.13, every two seconds in FAT.
    int changeModificationTime() {
        Instant before = modificationTime();
        while (true) {
            int result = Posix.touch(fd);
            if (result < 0 || !modificationTime().equals(before)) {
                return result;
            }
            LockSupport.parkNanos(CLOCK_TICK_NANOS);
        }
    }

    /// Takes space for a range of the file, which becomes that long if it is shorter. What is in it stays.
    int allocate(long offset, long length) {
        return Posix.fallocate(fd, 0, offset, length);
    }

    /// Makes the range a hole: it reads as zeros and takes no space.
    int punchHole(long offset, long length) {
        return Posix.fallocate(fd, Posix.FALLOC_FL_PUNCH_HOLE | Posix.FALLOC_FL_KEEP_SIZE, offset, length);
    }

    /// Makes the range read as zeros and keeps space reserved for it.
    int zeroRange(long offset, long length) {
        return Posix.fallocate(fd, Posix.FALLOC_FL_ZERO_RANGE | Posix.FALLOC_FL_KEEP_SIZE, offset, length);
    }

    /// The first byte at or after `offset` that is not in a hole; `-ENXIO` when there is none.
    long nextData(long offset) {
        return Posix.lseek(fd, offset, Posix.SEEK_DATA);
    }

    /// The first byte at or after `offset` that is in a hole; the end of the file counts as one.
    long nextHole(long offset) {
        return Posix.lseek(fd, offset, Posix.SEEK_HOLE);
    }

    @Override
    public void close() {
        Posix.close(fd);
    }
}
