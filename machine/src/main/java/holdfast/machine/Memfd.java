package holdfast.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The system calls behind guest memory (Linux; memfd_create(2), mmap(2), fallocate(2)).
final class Memfd {
    private static final int MFD_CLOEXEC = 1;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int FALLOC_FL_KEEP_SIZE = 1;
    private static final int FALLOC_FL_PUNCH_HOLE = 2;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_FIELD =
            CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle CREATE = bind(
            "memfd_create",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle TRUNCATE =
            bind("ftruncate", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    private static final MethodHandle MAP = bind(
            "mmap",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG));
    private static final MethodHandle UNMAP =
            bind("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle CLOSE =
            bind("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle ALLOCATE = bind(
            "fallocate",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG));

    private Memfd() {}

    private static MethodHandle bind(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, ERRNO);
    }

    /// A system call failed.
    static final class Failure extends Exception {
        private final int errno;

        Failure(String call, int errno) {
            super(call + " failed, errno " + errno);
            this.errno = errno;
        }

        int errno() {
            return errno;
        }
    }

    /// A new anonymous file of `bytes` zeros; its descriptor.
    static int create(String name, long bytes) throws Failure {
        int descriptor;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(CALL_STATE);
            descriptor = (int) CREATE.invokeExact(errno, arena.allocateFrom(name), MFD_CLOEXEC);
            check("memfd_create", descriptor, errno);
        } catch (Throwable e) {
            throw failure(e);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(CALL_STATE);
            check("ftruncate", (int) TRUNCATE.invokeExact(errno, descriptor, bytes), errno);
            return descriptor;
        } catch (Throwable e) {
            close(descriptor);
            throw failure(e);
        }
    }

    /// Maps the whole file, shared and writable; its address.
    static long map(int descriptor, long bytes) throws Failure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(CALL_STATE);
            long address = (long) MAP.invokeExact(errno, 0L, bytes, PROT_READ_WRITE, MAP_SHARED, descriptor, 0L);
            check("mmap", address, errno);
            return address;
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    static void unmap(long address, long bytes) throws Failure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(CALL_STATE);
            check("munmap", (int) UNMAP.invokeExact(errno, address, bytes), errno);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// Gives the range back to the host; it reads as zeros.
    static void punchHole(int descriptor, long offset, long bytes) throws Failure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(CALL_STATE);
            int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
            check("fallocate", (int) ALLOCATE.invokeExact(errno, descriptor, mode, offset, bytes), errno);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    static void close(int descriptor) throws Failure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(CALL_STATE);
            check("close", (int) CLOSE.invokeExact(errno, descriptor), errno);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    private static void check(String call, long result, MemorySegment errno) throws Failure {
        if (result == -1) {
            throw new Failure(call, (int) ERRNO_FIELD.get(errno, 0L));
        }
    }

    /// A method handle may throw anything; what we throw ourselves is a [Failure].
    private static Failure failure(Throwable thrown) {
        if (thrown instanceof Failure failure) {
            return failure;
        }
        throw new IllegalStateException("a call into the C library went wrong", thrown);
    }
}
