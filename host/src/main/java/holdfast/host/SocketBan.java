package holdfast.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Ends the making of sockets in this process, in all of its threads: what it has by then is all it ever has. By that it can ask no other program for
/// what it may not do itself: the daemon, other machines' processes, the user's session. Landlock alone does not keep it from those (unix(7)).
///
/// It is a filter of system calls (seccomp(2)), in the kernel's classic BPF:
///
/// ```
/// calls of another architecture's numbers → ENOSYS;  io_uring_setup → ENOSYS;  socket of a family that may not be → EACCES;  else allowed
/// ```
final class SocketBan {
    private static final int AF_UNIX = 1;
    private static final int AF_INET6 = 10;
    private static final int EACCES = 13;
    private static final int ENOSYS = 38;

    private static final long SET_MODE_FILTER = 1;
    private static final long ALL_THREADS = 1;
    private static final int IO_URING_SETUP = 425;
    private static final int X32_BIT = 0x4000_0000;

    // From linux/filter.h and linux/seccomp.h.
    private static final int LOAD = 0x20;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int JUMP_IF_AT_LEAST = 0x35;
    private static final int RETURN = 0x06;
    private static final int ALLOW = 0x7fff_0000;
    private static final int ERRNO = 0x0005_0000;
    private static final int NUMBER_OFFSET = 0;
    private static final int ARCHITECTURE_OFFSET = 4;
    private static final int FIRST_ARGUMENT_OFFSET = 16;

    /// A processor's audit number, and those of the calls.
    private record Numbers(int architecture, int socket, int seccomp) {
        private static final Numbers X86_64 = new Numbers(0xc000_003e, 41, 317);
        private static final Numbers AARCH64 = new Numbers(0xc000_00b7, 198, 277);
        private static final Numbers RISCV64 = new Numbers(0xc000_00f3, 198, 277);

        static Numbers ofHost() throws IOException {
            return switch (System.getProperty("os.arch")) {
                case "amd64" -> X86_64;
                case "aarch64" -> AARCH64;
                case "riscv64" -> RISCV64;
                default -> throw new IOException("the numbers of system calls are not known for " + System.getProperty("os.arch"));
            };
        }
    }

    private SocketBan() {}

    /// @param network whether sockets go on to be made for TCP and UDP
    /// @param local whether those of this host alone do: unix(7)
    /// @throws IOException when the kernel cannot do that
    static void begin(boolean network, boolean local) throws IOException {
        Numbers numbers = Numbers.ofHost();
        // Jumps are counted from the next line on: how many lines are passed over if it is so, and if not.
        int[][] program = {
            {LOAD, 0, 0, ARCHITECTURE_OFFSET},
            {JUMP_IF_EQUAL, 0, 10, numbers.architecture},
            {LOAD, 0, 0, NUMBER_OFFSET},
            {JUMP_IF_AT_LEAST, 8, 0, X32_BIT},
            {JUMP_IF_EQUAL, 7, 0, IO_URING_SETUP},
            {JUMP_IF_EQUAL, 0, 4, numbers.socket},
            {LOAD, 0, 0, FIRST_ARGUMENT_OFFSET},
            {JUMP_IF_EQUAL, local ? 2 : 3, 0, AF_UNIX},
            {JUMP_IF_EQUAL, network ? 1 : 2, 0, 2},
            {JUMP_IF_EQUAL, network ? 0 : 1, 1, AF_INET6},
            {RETURN, 0, 0, ALLOW},
            {RETURN, 0, 0, ERRNO | EACCES},
            {RETURN, 0, 0, ERRNO | ENOSYS},
        };
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment filter = arena.allocate(8L * program.length, 8);
            for (int i = 0; i < program.length; i++) {
                filter.set(ValueLayout.JAVA_SHORT, 8L * i, (short) program[i][0]);
                filter.set(ValueLayout.JAVA_BYTE, 8L * i + 2, (byte) program[i][1]);
                filter.set(ValueLayout.JAVA_BYTE, 8L * i + 3, (byte) program[i][2]);
                filter.set(ValueLayout.JAVA_INT, 8L * i + 4, program[i][3]);
            }
            // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
            MemorySegment whole = arena.allocate(16, 8);
            whole.set(ValueLayout.JAVA_SHORT, 0, (short) program.length);
            whole.set(ValueLayout.ADDRESS, 8, filter);
            SystemCall.noNewPrivileges();
            long result = SystemCall.call(numbers.seccomp, SET_MODE_FILTER, ALL_THREADS, whole.address(), 0);
            if (result != 0) {
                throw new IOException("seccomp failed, " + (result < 0 ? "errno " + -result : "thread " + result + " has another filter"));
            }
        }
    }
}
