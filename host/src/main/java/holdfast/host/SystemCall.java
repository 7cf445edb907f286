package holdfast.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/// The system calls of 64-bit Linux by which a process gives up rights, for the thread that calls.
final class SystemCall {
    static final int EINTR = 4;

    private static final int O_PATH = 0x20_0000;
    private static final int O_CLOEXEC = 0x8_0000;
    private static final int PR_SET_NO_NEW_PRIVS = 38;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout PTR = ValueLayout.ADDRESS;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_FIELD = CALL_STATE.varHandle(PathElement.groupElement("errno"));

    private static final MethodHandle CALL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("syscall"), FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG), Linker.Option.firstVariadicArg(1), ERRNO);
    private static final MethodHandle PRCTL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("prctl"), FunctionDescriptor.of(INT, INT, LONG, LONG, LONG, LONG), Linker.Option.firstVariadicArg(1), ERRNO);
    private static final MethodHandle OPEN = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("open"), FunctionDescriptor.of(INT, PTR, INT, INT), Linker.Option.firstVariadicArg(2), ERRNO);
    private static final MethodHandle CLOSE = LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(INT, INT), ERRNO);

    private SystemCall() {}

    /// @param first and the others: numbers, or addresses of memory that is there until this returns
    /// @return what it returned, or -errno
    static long call(int number, long first, long second, long third, long fourth) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            long result = (long) CALL.invokeExact(state, (long) number, first, second, third, fourth);
            return result < 0 ? -(int) ERRNO_FIELD.get(state, 0L) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /// Nothing that this thread executes from now on has more rights than it has.
    static void noNewPrivileges() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result = (int) PRCTL.invokeExact(state, PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
            if (result < 0) {
                throw new IOException("prctl failed, errno " + (int) ERRNO_FIELD.get(state, 0L));
            }
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// A descriptor that stands for a file, and gives no access to it.
    ///
    /// @return -errno when there is no such file
    static int known(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result = (int) OPEN.invokeExact(state, arena.allocateFrom(path.toString()), O_PATH | O_CLOEXEC, 0);
            return result < 0 ? -(int) ERRNO_FIELD.get(state, 0L) : result;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    static void close(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            int _ = (int) CLOSE.invokeExact(arena.allocate(CALL_STATE), descriptor);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    private static IOException failure(Throwable e) {
        return e instanceof IOException known ? known : new IOException(impossible(e));
    }

    /// A method handle may throw anything; these throw nothing.
    private static IllegalStateException impossible(Throwable e) {
        return new IllegalStateException("a call into the C library went wrong", e);
    }
}
