package holdfast.share;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The host's files by descriptors and single names, so that nothing a guest does leads out of a directory: Java's own interface has paths, which
/// somebody may change between a look and a use.
///
/// A file that is only known, not open, has a descriptor of open(2)'s O_PATH; what the kernel offers for paths alone is reached through
/// `/proc/self/fd`, which leads to the very file.
final class HostFiles {
    static final int WRITE_ONLY = 1;
    static final int READ_WRITE = 2;
    static final int CREATE = 0100;
    static final int EXCLUSIVE = 0200;
    static final int TRUNCATE = 01000;
    static final int SYNCHRONOUS = 04010000;
    static final int REMOVE_DIRECTORY = 0x200;

    private static final int NO_TERMINAL = 0400;
    private static final int NON_BLOCKING = 04000;
    private static final int DIRECTORY = directory();
    private static final int NO_FOLLOW = DIRECTORY << 1;
    private static final int CLOSE_ON_EXEC = 02000000;
    private static final int PATH_ONLY = 010000000;

    private static final int AT_FDCWD = -100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_AND_BIRTH = 0xfff;
    private static final int LINK_BYTES_MAX = 4096;
    private static final int TIMES_BYTES = 32;
    private static final int STATFS_BYTES = 256;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout PTR = ValueLayout.ADDRESS;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CALL_STATE.varHandle(PathElement.groupElement("errno"));

    private static final MethodHandle OPEN = bind(
            "openat", FunctionDescriptor.of(INT, INT, PTR, INT, INT), Linker.Option.firstVariadicArg(3));
    private static final MethodHandle CLOSE = bind("close", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle STATX = bind("statx", FunctionDescriptor.of(INT, INT, PTR, INT, INT, PTR));
    private static final MethodHandle STATFS = bind("fstatfs", FunctionDescriptor.of(INT, INT, PTR));
    private static final MethodHandle READ = bind("pread", FunctionDescriptor.of(LONG, INT, PTR, LONG, LONG));
    private static final MethodHandle WRITE = bind("pwrite", FunctionDescriptor.of(LONG, INT, PTR, LONG, LONG));
    private static final MethodHandle SEEK = bind("lseek", FunctionDescriptor.of(LONG, INT, LONG, INT));
    private static final MethodHandle ENTRIES = bind("getdents64", FunctionDescriptor.of(LONG, INT, PTR, LONG));
    private static final MethodHandle READ_LINK = bind("readlinkat", FunctionDescriptor.of(LONG, INT, PTR, PTR, LONG));
    private static final MethodHandle MAKE_DIRECTORY = bind("mkdirat", FunctionDescriptor.of(INT, INT, PTR, INT));
    private static final MethodHandle MAKE_NODE = bind("mknodat", FunctionDescriptor.of(INT, INT, PTR, INT, LONG));
    private static final MethodHandle SYMBOLIC_LINK = bind("symlinkat", FunctionDescriptor.of(INT, PTR, INT, PTR));
    private static final MethodHandle LINK = bind("linkat", FunctionDescriptor.of(INT, INT, PTR, INT, PTR, INT));
    private static final MethodHandle RENAME = bind("renameat", FunctionDescriptor.of(INT, INT, PTR, INT, PTR));
    private static final MethodHandle UNLINK = bind("unlinkat", FunctionDescriptor.of(INT, INT, PTR, INT));
    private static final MethodHandle CHMOD = bind("chmod", FunctionDescriptor.of(INT, PTR, INT));
    private static final MethodHandle CHOWN = bind("fchownat", FunctionDescriptor.of(INT, INT, PTR, INT, INT, INT));
    private static final MethodHandle RESIZE = bind("truncate", FunctionDescriptor.of(INT, PTR, LONG));
    private static final MethodHandle TIMES = bind("utimensat", FunctionDescriptor.of(INT, INT, PTR, PTR, INT));
    private static final MethodHandle SYNC = bind("fsync", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle SYNC_DATA = bind("fdatasync", FunctionDescriptor.of(INT, INT));

    private HostFiles() {}

    private static MethodHandle bind(String name, FunctionDescriptor type, Linker.Option... more) {
        Linker.Option[] options = new Linker.Option[more.length + 1];
        options[0] = Linker.Option.captureCallState("errno");
        System.arraycopy(more, 0, options, 1, more.length);
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
    }

    /// O_DIRECTORY is one of the few that differ; O_NOFOLLOW follows it.
    private static int directory() {
        return System.getProperty("os.arch").equals("aarch64") ? 040000 : 0200000;
    }

    /// A call into the C library, whose errno is caught in `state`.
    @FunctionalInterface
    private interface Call {
        long run(Arena arena, MemorySegment state) throws Throwable;
    }

    /// @return what the call returned, which is not negative
    private static long call(Call call) throws Refusal {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            long result = call.run(arena, state);
            if (result < 0) {
                throw new Refusal((int) ERRNO.get(state, 0L));
            }
            return result;
        } catch (Refusal refused) {
            throw refused;
        } catch (Throwable e) {
            throw new IllegalStateException("a call into the C library went wrong", e);
        }
    }

    private static MemorySegment self(Arena arena, int descriptor) {
        return arena.allocateFrom("/proc/self/fd/" + descriptor);
    }

    /// A directory of the operator's, which may be named by a link.
    static int root(String path) throws Refusal {
        return (int) call((arena, state) -> (int) OPEN.invokeExact(
                state, AT_FDCWD, arena.allocateFrom(path), PATH_ONLY | DIRECTORY | CLOSE_ON_EXEC, 0));
    }

    /// The file of a name in a directory, which is known by it from then on; a link is not followed.
    static int find(int directory, String name) throws Refusal {
        return (int) call((arena, state) -> (int) OPEN.invokeExact(
                state, directory, arena.allocateFrom(name), PATH_ONLY | NO_FOLLOW | CLOSE_ON_EXEC, 0));
    }

    /// Another descriptor by which a file is known.
    static int copy(int file) throws Refusal {
        return (int) call((arena, state) -> (int) OPEN.invokeExact(
                state, AT_FDCWD, self(arena, file), PATH_ONLY | CLOSE_ON_EXEC, 0));
    }

    /// Opens a file that is known, a regular one or a directory.
    static int open(int file, int flags) throws Refusal {
        return (int) call((arena, state) -> (int) OPEN.invokeExact(
                state, AT_FDCWD, self(arena, file), flags | NO_TERMINAL | NON_BLOCKING | CLOSE_ON_EXEC, 0));
    }

    /// Opens a file of a name in a directory, which is made if it is not there.
    static int create(int directory, String name, int flags, int mode) throws Refusal {
        return (int) call((arena, state) -> (int) OPEN.invokeExact(
                state, directory, arena.allocateFrom(name),
                flags | CREATE | NO_FOLLOW | NO_TERMINAL | NON_BLOCKING | CLOSE_ON_EXEC, mode));
    }

    static void close(int descriptor) {
        try {
            call((_, state) -> (int) CLOSE.invokeExact(state, descriptor));
        } catch (Refusal late) {
            // The descriptor is gone even then, and what could not be written was told to whoever asked for it to be durable.
            return;
        }
    }

    static FileStatus status(int file) throws Refusal {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(FileStatus.BYTES, Long.BYTES);
            call((inner, state) -> (int) STATX.invokeExact(
                    state, file, inner.allocateFrom(""), AT_EMPTY_PATH, STATX_BASIC_AND_BIRTH, statx));
            return FileStatus.of(statx);
        }
    }

    /// The file system that a file is on: type, block size, blocks, free ones, those for us, files, free ones, id, length of a name.
    static long[] fileSystem(int file) throws Refusal {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statfs = arena.allocate(STATFS_BYTES, Long.BYTES);
            call((_, state) -> (int) STATFS.invokeExact(state, file, statfs));
            return statfs.asSlice(0, 9 * Long.BYTES).toArray(LONG);
        }
    }

    static int read(int file, long offset, MemorySegment into) throws Refusal {
        return (int) call((_, state) -> (long) READ.invokeExact(state, file, into, into.byteSize(), offset));
    }

    static int write(int file, long offset, MemorySegment from) throws Refusal {
        return (int) call((_, state) -> (long) WRITE.invokeExact(state, file, from, from.byteSize(), offset));
    }

    /// Entries of a directory in the form of getdents64(2), from a place on.
    static int entries(int directory, long place, MemorySegment into) throws Refusal {
        call((_, state) -> (long) SEEK.invokeExact(state, directory, place, 0));
        return (int) call((_, state) -> (long) ENTRIES.invokeExact(state, directory, into, into.byteSize()));
    }

    static byte[] target(int link) throws Refusal {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment into = arena.allocate(LINK_BYTES_MAX);
            long bytes = call((inner, state) -> (long) READ_LINK.invokeExact(state, link, inner.allocateFrom(""), into, into.byteSize()));
            return into.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    static void makeDirectory(int in, String name, int mode) throws Refusal {
        call((arena, state) -> (int) MAKE_DIRECTORY.invokeExact(state, in, arena.allocateFrom(name), mode));
    }

    static void makeNode(int in, String name, int mode) throws Refusal {
        call((arena, state) -> (int) MAKE_NODE.invokeExact(state, in, arena.allocateFrom(name), mode, 0L));
    }

    static void makeLink(int in, String name, String target) throws Refusal {
        call((arena, state) -> (int) SYMBOLIC_LINK.invokeExact(state, arena.allocateFrom(target), in, arena.allocateFrom(name)));
    }

    static void link(int file, int in, String name) throws Refusal {
        // AT_EMPTY_PATH asks for a capability here; this is the way that open(2) names.
        int follow = 0x400;
        call((arena, state) -> (int) LINK.invokeExact(state, AT_FDCWD, self(arena, file), in, arena.allocateFrom(name), follow));
    }

    static void rename(int from, String name, int to, String newName) throws Refusal {
        call((arena, state) -> (int) RENAME.invokeExact(state, from, arena.allocateFrom(name), to, arena.allocateFrom(newName)));
    }

    static void unlink(int in, String name, int flags) throws Refusal {
        call((arena, state) -> (int) UNLINK.invokeExact(state, in, arena.allocateFrom(name), flags));
    }

    static void permissions(int file, int mode) throws Refusal {
        call((arena, state) -> (int) CHMOD.invokeExact(state, self(arena, file), mode));
    }

    /// @param uid -1: as it is
    static void owner(int file, int uid, int gid) throws Refusal {
        call((arena, state) -> (int) CHOWN.invokeExact(state, file, arena.allocateFrom(""), uid, gid, AT_EMPTY_PATH));
    }

    static void resize(int file, long bytes) throws Refusal {
        call((arena, state) -> (int) RESIZE.invokeExact(state, self(arena, file), bytes));
    }

    /// @param times of the last access and change, each in seconds and nanoseconds; or UTIME_NOW or UTIME_OMIT for these
    static void times(int file, long[] times) throws Refusal {
        call((arena, state) -> {
            MemorySegment two = arena.allocate(TIMES_BYTES, Long.BYTES).copyFrom(MemorySegment.ofArray(times));
            return (int) TIMES.invokeExact(state, AT_FDCWD, self(arena, file), two, 0);
        });
    }

    static void sync(int file, boolean dataOnly) throws Refusal {
        call((_, state) -> dataOnly ? (int) SYNC_DATA.invokeExact(state, file) : (int) SYNC.invokeExact(state, file));
    }
}
