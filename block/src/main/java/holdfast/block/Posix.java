package holdfast.block;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The system calls that a disk needs and [java.nio.channels.FileChannel] lacks, for 64-bit Linux.
///
/// Every call returns what the C library returned, or `-errno`. Calls are repeated on EINTR. They hold on to the carrier
/// of a virtual thread, so what may wait for storage belongs on a platform thread.
final class Posix {
    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EIO = 5;
    static final int ENXIO = 6;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int EINVAL = 22;
    static final int EFBIG = 27;
    static final int ENOSPC = 28;
    static final int EROFS = 30;
    static final int EOPNOTSUPP = 95;
    static final int EDQUOT = 122;

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x8_0000;

    /// The one flag here that is not the same on every architecture.
    static final int O_DIRECT = System.getProperty("os.arch").equals("aarch64") ? 0x1_0000 : 0x4000;

    static final int SEEK_END = 2;
    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;

    static final int FALLOC_FL_KEEP_SIZE = 1;
    static final int FALLOC_FL_PUNCH_HOLE = 2;
    static final int FALLOC_FL_ZERO_RANGE = 0x10;

    static final int POSIX_FADV_WILLNEED = 3;
    static final int POSIX_FADV_DONTNEED = 4;

    static final int RWF_DSYNC = 2;
    static final int RWF_NOWAIT = 8;

    static final int F_OFD_GETLK = 36;
    static final int F_OFD_SETLK = 37;
    static final short F_RDLCK = 0;
    static final short F_WRLCK = 1;
    static final short F_UNLCK = 2;

    /// From linux/fs.h: the logical and physical block of a block device, and whether it is write-protected.
    static final long BLKROGET = 0x125e;

    static final long BLKSSZGET = 0x1268;
    static final long BLKPBSZGET = 0x127b;

    /// From linux/stat.h, where `struct statx` is the same on every architecture.
    private static final int AT_EMPTY_PATH = 0x1000;

    private static final int STATX_BLOCKS = 0x400;
    private static final int STATX_BYTES = 256;
    private static final int STX_BLOCKS_OFFSET = 48;

    /// `struct iovec`.
    private static final int VECTOR_BYTES = 16;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle OPEN = variadic("open", 2, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle FCNTL = variadic("fcntl", 2, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle CLOSE = function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle FSYNC = function("fsync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle FDATASYNC = function("fdatasync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle LSEEK =
            function("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle PREAD =
            function("pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle PWRITE =
            function("pwrite", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle PREADV2 = function("preadv2", vectored());
    private static final MethodHandle PWRITEV2 = function("pwritev2", vectored());

    /// What most programs never call: to link a function of another type makes a program's start longer.
    private static final class Seldom {
        static final MethodHandle IOCTL = variadic("ioctl", 2, JAVA_INT, JAVA_LONG, ADDRESS);
        static final MethodHandle FTRUNCATE =
                function("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
        static final MethodHandle FUTIMENS =
                function("futimens", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
        static final MethodHandle FALLOCATE =
                function("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle POSIX_FADVISE =
                function("posix_fadvise", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
        static final MethodHandle STATX =
                function("statx", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
        static final MethodHandle STRERROR = LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));
    }

    private Posix() {}

    static int open(String path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path);
            MemorySegment state = arena.allocate(STATE);
            int result;
            do {
                result = (int) OPEN.invokeExact(state, name, flags, mode);
            } while (interrupted(result, state));
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /// Never repeated: after EINTR the descriptor is gone all the same.
    static int close(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result = (int) CLOSE.invokeExact(state, fd);
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    static int fsync(int fd) {
        return ofDescriptor(FSYNC, fd);
    }

    static int fdatasync(int fd) {
        return ofDescriptor(FDATASYNC, fd);
    }

    /// What a file takes on its file system, in units of 512 bytes; what is reserved for it counts.
    static long blocks(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            MemorySegment statx = arena.allocate(STATX_BYTES, Long.BYTES);
            int result = (int) Seldom.STATX.invokeExact(state, fd, arena.allocateFrom(""), AT_EMPTY_PATH, STATX_BLOCKS, statx);
            return result < 0 ? -errno(state) : statx.get(JAVA_LONG, STX_BLOCKS_OFFSET);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    static int ftruncate(int fd, long length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result;
            do {
                result = (int) Seldom.FTRUNCATE.invokeExact(state, fd, length);
            } while (interrupted(result, state));
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /// Sets both timestamps to now.
    static int touch(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result = (int) Seldom.FUTIMENS.invokeExact(state, fd, MemorySegment.NULL);
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    static int fallocate(int fd, int mode, long offset, long length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result;
            do {
                result = (int) Seldom.FALLOCATE.invokeExact(state, fd, mode, offset, length);
            } while (interrupted(result, state));
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /// What may be ignored: what comes of it is too.
    static void fadvise(int fd, long offset, long length, int advice) {
        try (Arena arena = Arena.ofConfined()) {
            var _ = (int) Seldom.POSIX_FADVISE.invokeExact(arena.allocate(STATE), fd, offset, length, advice);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    static long lseek(int fd, long offset, int whence) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result = (long) LSEEK.invokeExact(state, fd, offset, whence);
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    static long pread(int fd, MemorySegment into, long offset) {
        return plain(PREAD, fd, into, offset);
    }

    static long pwrite(int fd, MemorySegment from, long offset) {
        return plain(PWRITE, fd, from, offset);
    }

    static long preadv2(int fd, MemorySegment into, long offset, int flags) {
        return flagged(PREADV2, fd, into, offset, flags);
    }

    static long pwritev2(int fd, MemorySegment from, long offset, int flags) {
        return flagged(PWRITEV2, fd, from, offset, flags);
    }

    /// `fcntl` with a `struct flock`: the type of lock and its one byte.
    ///
    /// @return for F_OFD_GETLK the type of a lock that is in the way, or F_UNLCK; for F_OFD_SETLK 0
    static int lock(int fd, int command, short type, long offset) {
        try (Arena arena = Arena.ofConfined()) {
            // struct flock { short l_type; short l_whence; off_t l_start; off_t l_len; pid_t l_pid; }
            MemorySegment flock = arena.allocate(32, 8);
            flock.set(JAVA_SHORT, 0, type);
            flock.set(JAVA_LONG, 8, offset);
            flock.set(JAVA_LONG, 16, 1);
            MemorySegment state = arena.allocate(STATE);
            int result;
            do {
                result = (int) FCNTL.invokeExact(state, fd, command, flock);
            } while (interrupted(result, state));
            if (result < 0) {
                return -errno(state);
            }
            return command == F_OFD_GETLK ? flock.get(JAVA_SHORT, 0) : 0;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /// `ioctl` that reads one int.
    static int ioctl(int fd, long command) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            MemorySegment state = arena.allocate(STATE);
            int result = (int) Seldom.IOCTL.invokeExact(state, fd, command, value);
            return result < 0 ? -errno(state) : value.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /// What the C library says of an error: `No space left on device`.
    static String message(long errno) {
        try {
            MemorySegment text = (MemorySegment) Seldom.STRERROR.invokeExact((int) errno);
            return text.reinterpret(256).getString(0);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    private static int ofDescriptor(MethodHandle call, int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result;
            do {
                result = (int) call.invokeExact(state, fd);
            } while (interrupted(result, state));
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    private static long plain(MethodHandle call, int fd, MemorySegment buffer, long offset) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result;
            do {
                result = (long) call.invokeExact(state, fd, buffer, buffer.byteSize(), offset);
            } while (interrupted(result, state));
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    private static long flagged(MethodHandle call, int fd, MemorySegment buffer, long offset, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment vector = arena.allocate(VECTOR_BYTES + STATE.byteSize(), VECTOR_BYTES);
            vector.set(ADDRESS, 0, buffer);
            vector.set(JAVA_LONG, 8, buffer.byteSize());
            MemorySegment state = vector.asSlice(VECTOR_BYTES);
            long result;
            do {
                result = (long) call.invokeExact(state, fd, vector, 1, offset, flags);
            } while (interrupted(result, state));
            return result < 0 ? -errno(state) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    private static boolean interrupted(long result, MemorySegment state) {
        return result < 0 && errno(state) == EINTR;
    }

    private static int errno(MemorySegment state) {
        return (int) ERRNO.get(state, 0L);
    }

    private static FunctionDescriptor vectored() {
        return FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_INT);
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), type, Linker.Option.captureCallState("errno"));
    }

    private static MethodHandle variadic(String name, int firstVariadic, MemoryLayout... parameters) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, parameters),
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(firstVariadic));
    }

    /// A downcall throws only for a closed buffer or one that another thread may not touch: the caller's bug.
    private static RuntimeException impossible(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(e);
    }
}
