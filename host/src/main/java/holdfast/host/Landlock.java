package holdfast.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The kernel's Landlock (landlock(7)): a thread gives up all files but some, for itself and for whatever it starts, and cannot take that back.
/// Each version of it (its ABI) knows more kinds of access; what the kernel does not know stays allowed.
final class Landlock {
    /// What may be done with a file, or with all below a directory.
    enum Access {
        /// Read it, and see what there is.
        READ(READ_FILE | READ_DIR),
        /// Execute it as well.
        RUN(READ_FILE | READ_DIR | EXECUTE),
        /// Read and change files that are there.
        CHANGE(READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | IOCTL_DEV),
        /// Make plain files in it and remove some, and read no other.
        RENAME(READ_DIR | MAKE_REG | REMOVE_FILE),
        /// All that a process does in a directory of its own: files, directories and sockets come and go, and no link leads out of it.
        OWN(READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_REG | MAKE_SOCK | MAKE_DIR | REMOVE_FILE | REMOVE_DIR),
        /// All that a user does with files, but to execute them.
        ALL(READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | IOCTL_DEV | MAKE_REG | MAKE_SOCK | MAKE_DIR | MAKE_FIFO | MAKE_SYM | MAKE_CHAR | MAKE_BLOCK
                | REMOVE_FILE | REMOVE_DIR | REFER);

        private final long bits;

        Access(long bits) {
            this.bits = bits;
        }
    }

    /// @param path one that is not there is passed over
    record Rule(Path path, Access access) {}

    // From linux/landlock.h.
    private static final long EXECUTE = 1;
    private static final long WRITE_FILE = 1 << 1;
    private static final long READ_FILE = 1 << 2;
    private static final long READ_DIR = 1 << 3;
    private static final long REMOVE_DIR = 1 << 4;
    private static final long REMOVE_FILE = 1 << 5;
    private static final long MAKE_CHAR = 1 << 6;
    private static final long MAKE_DIR = 1 << 7;
    private static final long MAKE_REG = 1 << 8;
    private static final long MAKE_SOCK = 1 << 9;
    private static final long MAKE_FIFO = 1 << 10;
    private static final long MAKE_BLOCK = 1 << 11;
    private static final long MAKE_SYM = 1 << 12;
    private static final long REFER = 1 << 13;
    private static final long TRUNCATE = 1 << 14;
    private static final long IOCTL_DEV = 1 << 15;

    /// What can be said of a file that is no directory.
    private static final long OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

    private static final long BIND_AND_CONNECT_TCP = 3;
    private static final long ABSTRACT_SOCKETS_AND_SIGNALS = 3;

    private static final int CREATE_RULESET = 444;
    private static final int ADD_RULE = 445;
    private static final int RESTRICT_SELF = 446;
    private static final long VERSION = 1;
    private static final long PATH_BENEATH = 1;

    private Landlock() {}

    /// Which version of it the kernel has; 0: none that can be used.
    static int abi() {
        return (int) Math.max(0, SystemCall.call(CREATE_RULESET, 0, 0, VERSION, 0));
    }

    /// Confines the thread that calls.
    ///
    /// @param tcp whether it may go on to use TCP
    /// @throws IOException when it cannot be; then it is not, but for some of it maybe
    static void restrict(List<Rule> rules, boolean tcp) throws IOException {
        int abi = abi();
        long handled = handled(abi);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(24, 8);
            attributes.set(ValueLayout.JAVA_LONG, 0, handled);
            attributes.set(ValueLayout.JAVA_LONG, 8, abi >= 4 && !tcp ? BIND_AND_CONNECT_TCP : 0);
            attributes.set(ValueLayout.JAVA_LONG, 16, abi >= 6 ? ABSTRACT_SOCKETS_AND_SIGNALS : 0);
            long bytes = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
            int set = (int) checked("landlock_create_ruleset", SystemCall.call(CREATE_RULESET, attributes.address(), bytes, 0, 0));
            try {
                for (Rule rule : rules) {
                    add(set, rule, handled, arena);
                }
                SystemCall.noNewPrivileges();
                checked("landlock_restrict_self", SystemCall.call(RESTRICT_SELF, set, 0, 0, 0));
            } finally {
                SystemCall.close(set);
            }
        }
    }

    private static long handled(int abi) {
        long all = (REFER << 3) - 1;
        if (abi < 5) {
            all &= ~IOCTL_DEV;
        }
        if (abi < 3) {
            all &= ~TRUNCATE;
        }
        if (abi < 2) {
            all &= ~REFER;
        }
        return all;
    }

    private static void add(int set, Rule rule, long handled, Arena arena) throws IOException {
        int file = SystemCall.known(rule.path());
        if (file < 0) {
            return;
        }
        try {
            long bits = rule.access().bits & handled & (Files.isDirectory(rule.path()) ? -1 : OF_FILES);
            MemorySegment beneath = arena.allocate(16, 8);
            beneath.set(ValueLayout.JAVA_LONG, 0, bits);
            beneath.set(ValueLayout.JAVA_INT, 8, file);
            checked("landlock_add_rule for " + rule.path(), SystemCall.call(ADD_RULE, set, PATH_BENEATH, beneath.address(), 0));
        } finally {
            SystemCall.close(file);
        }
    }

    private static long checked(String call, long result) throws IOException {
        if (result < 0) {
            throw new IOException(call + " failed, errno " + -result);
        }
        return result;
    }
}
