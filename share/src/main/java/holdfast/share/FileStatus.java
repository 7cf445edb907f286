package holdfast.share;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What statx(2) says of a file.
///
/// @param mode type and permissions
/// @param device where the file is, as one number
record FileStatus(
        int mode, int uid, int gid, int links, long special, long size, int blockSize, long blocks, Time accessed, Time modified, Time changed,
        Time born, long inode, long device) {
    static final int BYTES = 256;

    private static final int TYPE = 0170000;
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;
    private static final int LINK = 0120000;

    /// Of a clock that began in 1970.
    record Time(long seconds, int nanos) {
        private static Time of(MemorySegment statx, long at) {
            return new Time(statx.get(ValueLayout.JAVA_LONG, at), statx.get(ValueLayout.JAVA_INT, at + 8));
        }
    }

    /// @param statx the structure of that name, which is the same on every architecture
    static FileStatus of(MemorySegment statx) {
        return new FileStatus(
                statx.get(ValueLayout.JAVA_SHORT, 28) & 0xffff, i32(statx, 20), i32(statx, 24), i32(statx, 16),
                device(statx, 128), i64(statx, 40), i32(statx, 4), i64(statx, 48),
                Time.of(statx, 64), Time.of(statx, 112), Time.of(statx, 96), Time.of(statx, 80), i64(statx, 32), device(statx, 136));
    }

    private static int i32(MemorySegment from, long at) {
        return from.get(ValueLayout.JAVA_INT, at);
    }

    private static long i64(MemorySegment from, long at) {
        return from.get(ValueLayout.JAVA_LONG, at);
    }

    /// As makedev(3) has it: a major number of 32 bits and a minor one.
    private static long device(MemorySegment from, long at) {
        long major = Integer.toUnsignedLong(i32(from, at));
        long minor = Integer.toUnsignedLong(i32(from, at + 4));
        return (major & 0xffff_f000L) << 32 | (major & 0xfff) << 8 | (minor & 0xffff_ff00L) << 12 | minor & 0xff;
    }

    boolean isDirectory() {
        return (mode & TYPE) == DIRECTORY;
    }

    boolean isRegular() {
        return (mode & TYPE) == REGULAR;
    }

    boolean isLink() {
        return (mode & TYPE) == LINK;
    }
}
