package holdfast.block;

/// Keeps programs from using one disk image at once, in the way QEMU does (block/file-posix.c): so that each of QEMU,
/// qemu-img and Holdfast excludes the others.
///
/// QEMU has a set of permissions. Whoever opens an image takes a shared lock on byte 100 + n when it uses permission n,
/// and on byte 200 + n when it does not let others use n. Then it looks whether anybody's locks forbid that: since
/// all lock first and look afterwards, two that come at once cannot both go ahead.
///
/// ```
///                     uses                       lets others use
/// Holdfast writing    consistent read, write,    consistent read, write unchanged
///                     resize
/// Holdfast reading    consistent read            consistent read, write unchanged
/// ```
///
/// Resizing is claimed since `qemu-img convert` may put up with a writer, yet not with that: it would copy a disk that
/// changes under it. `qemu-img info`, `map` and `compare` look at an open disk all the same, in QEMU's own way.
///
/// The locks are those of an open file description (`F_OFD_SETLK`): they end when the last descriptor of it is closed, by
/// the kernel if need be, and neither another descriptor on the file nor another thread disturbs them. Byte ranges far
/// past the end may be locked too, so nothing of the image is touched.
final class ImageLock {
    private static final int USED_BASE = 100;
    private static final int UNSHARED_BASE = 200;

    /// The bits of QEMU's block permissions (include/block/block-common.h).
    private static final int CONSISTENT_READ = 1;

    private static final int WRITE = 1 << 1;
    private static final int RESIZE = 1 << 3;
    private static final int PERMISSIONS = 4;

    /// What nobody else may do meanwhile. Reading and rewriting what is there anyway is theirs.
    private static final int UNSHARED = WRITE | RESIZE;

    private ImageLock() {}

    /// Locks the file for as long as it is open.
    ///
    /// @throws OperatorError when others use it in a way that does not go together, or it cannot be locked
    static void take(OpenFile file, Access access) {
        int used = access == Access.READ_WRITE ? CONSISTENT_READ | WRITE | RESIZE : CONSISTENT_READ;
        lock(file, USED_BASE, used);
        lock(file, UNSHARED_BASE, UNSHARED);
        if (taken(file, USED_BASE, UNSHARED) || taken(file, UNSHARED_BASE, used)) {
            throw inUse(file, access);
        }
    }

    /// Makes a reader a writer, unless others use the file.
    ///
    /// @param file open for writing, and locked for reading
    /// @return whether it is one now
    static boolean becomeWriter(OpenFile file) {
        lock(file, USED_BASE, UNSHARED);
        if (taken(file, USED_BASE, UNSHARED) || taken(file, UNSHARED_BASE, CONSISTENT_READ | WRITE | RESIZE)) {
            becomeReader(file);
            return false;
        }
        return true;
    }

    static boolean hasWriter(OpenFile file) {
        return taken(file, USED_BASE, UNSHARED);
    }

    /// Others may read it again.
    static void becomeReader(OpenFile file) {
        for (int bit = 0; bit < PERMISSIONS; bit++) {
            if ((UNSHARED & 1 << bit) != 0) {
                int _ = Posix.lock(file.fd(), Posix.F_OFD_SETLK, Posix.F_UNLCK, USED_BASE + bit);
            }
        }
    }

    private static void lock(OpenFile file, int base, int bits) {
        for (int bit = 0; bit < PERMISSIONS; bit++) {
            if ((bits & 1 << bit) == 0) {
                continue;
            }
            int result = Posix.lock(file.fd(), Posix.F_OFD_SETLK, Posix.F_RDLCK, base + bit);
            if (result == -Posix.EAGAIN || result == -Posix.EACCES) {
                throw inUse(file, Access.READ_WRITE);
            }
            if (result < 0) {
                throw new OperatorError(
                        file.path().toString(),
                        "cannot be locked: " + Posix.message(-result),
                        "move it to a file system that has locks, else two programs could write to it at once");
            }
        }
    }

    private static boolean taken(OpenFile file, int base, int bits) {
        for (int bit = 0; bit < PERMISSIONS; bit++) {
            if ((bits & 1 << bit) != 0
                    && Posix.lock(file.fd(), Posix.F_OFD_GETLK, Posix.F_WRLCK, base + bit) != Posix.F_UNLCK) {
                return true;
            }
        }
        return false;
    }

    private static OperatorError inUse(OpenFile file, Access access) {
        String holder = LockHolder.of(file).map(LockHolder::toString).orElse("another program");
        return access == Access.READ_WRITE
                ? new OperatorError(file.path().toString(), "is in use by " + holder, "end that first")
                : new OperatorError(
                        file.path().toString(), "is open for writing in " + holder, "end that first, or use a copy");
    }
}
