package holdfast.network;

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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The system calls of a loop around poll(2), of Linux: Java's own sockets cannot be waited for together with those of a library.
/// For one thread, but for [#wake].
final class Posix {
    static final int WOULD_BLOCK = -1;
    static final int SOCKET_PATH_BYTES_MAX = 107;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout PTR = ValueLayout.ADDRESS;

    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int NON_BLOCKING_CLOSE_ON_EXEC = 0x8_0800;
    private static final int BACKLOG = 4;
    private static final int SOL_SOCKET = 1;
    private static final int SO_ACCEPTCONN = 30;
    private static final int RLIMIT_NOFILE = 7;
    private static final int M_MMAP_THRESHOLD = -3;
    private static final int MAPPED_BYTES_MIN = 128 << 10;
    private static final int SOCKADDR_UN_BYTES = 110;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_FIELD = CALL_STATE.varHandle(PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET = bind("socket", FunctionDescriptor.of(INT, INT, INT, INT));
    private static final MethodHandle BIND = bind("bind", FunctionDescriptor.of(INT, INT, PTR, INT));
    private static final MethodHandle CONNECT = bind("connect", FunctionDescriptor.of(INT, INT, PTR, INT));
    private static final MethodHandle LISTEN = bind("listen", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle ACCEPT = bind("accept4", FunctionDescriptor.of(INT, INT, PTR, PTR, INT));
    private static final MethodHandle RECEIVE = bind("recv", FunctionDescriptor.of(LONG, INT, PTR, LONG, INT));
    private static final MethodHandle SEND = bind("send", FunctionDescriptor.of(LONG, INT, PTR, LONG, INT));
    private static final MethodHandle CLOSE = bind("close", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle OPTION = bind("getsockopt", FunctionDescriptor.of(INT, INT, INT, INT, PTR, PTR));
    private static final MethodHandle LIMIT = bind("getrlimit", FunctionDescriptor.of(INT, INT, PTR));
    private static final MethodHandle POLL = bind("poll", FunctionDescriptor.of(INT, PTR, LONG, INT));
    private static final MethodHandle EVENT = bind("eventfd", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle EVENT_READ = bind("eventfd_read", FunctionDescriptor.of(INT, INT, PTR));
    private static final MethodHandle EVENT_WRITE = bind("eventfd_write", FunctionDescriptor.of(INT, INT, LONG));

    private final MemorySegment callState;
    private final MemorySegment count;

    Posix(Arena arena) {
        callState = arena.allocate(CALL_STATE);
        count = arena.allocate(LONG);
    }

    private static MethodHandle bind(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, ERRNO);
    }

    private int errno() {
        return (int) ERRNO_FIELD.get(callState, 0L);
    }

    private int checked(String call, int result) throws IOException {
        if (result < 0) {
            throw new IOException(call + " failed, errno " + errno());
        }
        return result;
    }

    /// A socket that machines can connect to, at a path where there is none yet.
    int listen(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(path, arena);
            int socket = socket();
            try {
                checked("bind to " + path, (int) BIND.invokeExact(callState, socket, address, SOCKADDR_UN_BYTES));
                checked("listen", (int) LISTEN.invokeExact(callState, socket, BACKLOG));
                return socket;
            } catch (IOException e) {
                close(socket);
                throw e;
            }
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// A connection to who listens at a path; [#WOULD_BLOCK] when nobody does now.
    int connect(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(path, arena);
            int socket = socket();
            if ((int) CONNECT.invokeExact(callState, socket, address, SOCKADDR_UN_BYTES) == 0) {
                return socket;
            }
            close(socket);
            return WOULD_BLOCK;
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// Has the host keep so many connections that have not been accepted yet, on a socket that is listened to already.
    void listen(int socket, int backlog) throws IOException {
        try {
            checked("listen", (int) LISTEN.invokeExact(callState, socket, backlog));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    private int socket() throws Throwable {
        return checked("socket", (int) SOCKET.invokeExact(callState, AF_UNIX, SOCK_STREAM | NON_BLOCKING_CLOSE_ON_EXEC, 0));
    }

    private static MemorySegment address(Path path, Arena arena) throws IOException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > SOCKET_PATH_BYTES_MAX) {
            throw new IOException(path + " is too long for a socket's name");
        }
        MemorySegment address = arena.allocate(SOCKADDR_UN_BYTES, 2);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
        return address;
    }

    /// Whether connections are accepted there.
    boolean isListener(int socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(INT);
            MemorySegment length = arena.allocateFrom(INT, (int) INT.byteSize());
            return (int) OPTION.invokeExact(callState, socket, SOL_SOCKET, SO_ACCEPTCONN, value, length) == 0 && value.get(INT, 0) != 0;
        } catch (Throwable e) {
            throw new IllegalStateException("a call into the C library went wrong", e);
        }
    }

    /// How many descriptors this process may have.
    long descriptorsMax() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = arena.allocate(LONG, 2);
            checked("getrlimit", (int) LIMIT.invokeExact(callState, RLIMIT_NOFILE, limit));
            long now = limit.get(LONG, 0);
            // RLIM_INFINITY is all ones.
            return now < 0 ? Long.MAX_VALUE / 4 : now;
        } catch (Throwable e) {
            throw new IllegalStateException("a call into the C library went wrong", e);
        }
    }

    /// Makes the C library go on allocating large pieces as mappings of their own, pages of which are taken as they are used. glibc ceases to when the first of
    /// them is freed: then libslirp, which enlarges both buffers of each connection at once, has all their 256 KiB copied and so taken. Other C libraries have no
    /// such switch.
    static void mapLargeAllocations() {
        LINKER.defaultLookup().find("mallopt").ifPresent(address -> {
            try {
                int _ = (int) LINKER.downcallHandle(address, FunctionDescriptor.of(INT, INT, INT)).invokeExact(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
            } catch (Throwable e) {
                throw new IllegalStateException("a call into the C library went wrong", e);
            }
        });
    }

    /// The next connection; [#WOULD_BLOCK] when there is none.
    int accept(int socket) throws IOException {
        try {
            int accepted = (int) ACCEPT.invokeExact(
                    callState, socket, MemorySegment.NULL, MemorySegment.NULL, NON_BLOCKING_CLOSE_ON_EXEC);
            return accepted < 0 ? WOULD_BLOCK : accepted;
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// @return how many bytes have come; 0 at the end; [#WOULD_BLOCK] when there are none now
    long receive(int socket, MemorySegment into) throws IOException {
        try {
            return transferred("recv", (long) RECEIVE.invokeExact(callState, socket, into, into.byteSize(), 0));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// @return how many bytes have gone; [#WOULD_BLOCK] when none can go now
    long send(int socket, MemorySegment bytes) throws IOException {
        try {
            return transferred("send", (long) SEND.invokeExact(callState, socket, bytes, bytes.byteSize(), MSG_NOSIGNAL));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    private long transferred(String call, long result) throws IOException {
        if (result >= 0) {
            return result;
        }
        if (errno() == EAGAIN || errno() == EINTR) {
            return WOULD_BLOCK;
        }
        throw new IOException(call + " failed, errno " + errno());
    }

    /// Waits for the first `length` descriptors of the list.
    ///
    /// @param timeoutMillis -1: for ever
    void poll(MemorySegment list, int length, int timeoutMillis) throws IOException {
        try {
            int result = (int) POLL.invokeExact(callState, list, (long) length, timeoutMillis);
            if (result < 0 && errno() != EINTR) {
                throw new IOException("poll failed, errno " + errno());
            }
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// A descriptor that can be waited for, and woken up by.
    int event() throws IOException {
        try {
            return checked("eventfd", (int) EVENT.invokeExact(callState, 0, NON_BLOCKING_CLOSE_ON_EXEC));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// What has woken it up is over.
    void calm(int event) throws IOException {
        try {
            int _ = (int) EVENT_READ.invokeExact(callState, event, count);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// Wakes who waits for the descriptor; of any thread.
    static void wake(int event) {
        try (Arena arena = Arena.ofConfined()) {
            int _ = (int) EVENT_WRITE.invokeExact(arena.allocate(CALL_STATE), event, 1L);
        } catch (Throwable e) {
            throw new IllegalStateException("a call into the C library went wrong", e);
        }
    }

    void close(int descriptor) {
        try {
            int _ = (int) CLOSE.invokeExact(callState, descriptor);
        } catch (Throwable e) {
            throw new IllegalStateException("a call into the C library went wrong", e);
        }
    }

    /// A method handle may throw anything; what we throw ourselves is an [IOException].
    private static IOException failure(Throwable thrown) {
        if (thrown instanceof IOException failure) {
            return failure;
        }
        throw new IllegalStateException("a call into the C library went wrong", thrown);
    }
}
