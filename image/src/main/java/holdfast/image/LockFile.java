package holdfast.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A lock between processes, and between the threads of this one; the kernel releases it when its process ends, however
/// it ends.
///
/// The file stays behind, empty: to remove a lock file would let two processes lock two different files of one name.
public final class LockFile implements AutoCloseable {
    /// What this process holds. The locks of the operating system belong to a process as a whole, so it has to know.
    private static final Map<Path, LockFile> HELD = new HashMap<>();

    private final Path file;
    private final boolean shared;
    private @Nullable FileChannel channel;
    private int holders = 1;

    private LockFile(Path file, boolean shared) {
        this.file = file;
        this.shared = shared;
    }

    /// Locks a file for this holder alone, waiting for others.
    ///
    /// @param beforeWaiting called once if somebody else has it
    public static LockFile exclusive(Path file, Runnable beforeWaiting) throws IOException, InterruptedException {
        Path path = prepared(file);
        boolean told = false;
        synchronized (HELD) {
            while (HELD.containsKey(path)) {
                if (!told) {
                    beforeWaiting.run();
                    told = true;
                }
                HELD.wait();
            }
            HELD.put(path, new LockFile(path, false));
        }
        FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            if (channel.tryLock() == null) {
                if (!told) {
                    beforeWaiting.run();
                }
                channel.lock();
            }
            locked = true;
        } catch (FileLockInterruptionException e) {
            throw new InterruptedException();
        } finally {
            if (!locked) {
                channel.close();
                forget(path);
            }
        }
        synchronized (HELD) {
            LockFile lock = Objects.requireNonNull(HELD.get(path));
            lock.channel = channel;
            return lock;
        }
    }

    /// Locks a file if nobody else holds it in a way that does not go together; shared holders go together.
    public static Optional<LockFile> attempt(Path file, boolean shared) throws IOException {
        return attempt(prepared(file), shared, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /// The same, of a file in a directory that is there: whoever has removed that is not to find it anew.
    ///
    /// @throws java.nio.file.NoSuchFileException when it is not
    public static Optional<LockFile> attemptInside(Path file, boolean shared) throws IOException {
        Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent()).toRealPath();
        return attempt(directory.resolve(file.getFileName()), shared, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /// Who has locked a file, if that is another process and the kernel tells.
    public static Optional<ProcessHandle> holder(Path file) throws IOException {
        Path path = file.toRealPath();
        long device = (long) Files.getAttribute(path, "unix:dev");
        // As proc_locks(5) has it, and makedev(3).
        String inode = "%02x:%02x:%d".formatted(
                device >> 8 & 0xfff | device >> 32 & ~0xfff, device & 0xff | device >> 12 & 0xfff00, (long) Files.getAttribute(path, "unix:ino"));
        try (Stream<String> locks = Files.lines(Path.of("/proc/locks"))) {
            return locks.map(line -> line.split("\\s+")).filter(words -> words.length > 5 && words[1].equals("POSIX"))
                    .filter(words -> words[5].equals(inode) || hasOpen(words[4], path))
                    .flatMap(words -> ProcessHandle.of(Long.parseLong(words[4])).stream())
                    .filter(process -> !process.equals(ProcessHandle.current()))
                    .findFirst();
        }
    }

    /// Of some file systems (Btrfs) a file has another device there than it says.
    private static boolean hasOpen(String process, Path path) {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc", process, "fd"))) {
            return descriptors.anyMatch(descriptor -> leadsTo(descriptor, path));
        } catch (IOException | UncheckedIOException notOurs) {
            return false;
        }
    }

    private static boolean leadsTo(Path link, Path path) {
        try {
            return Files.readSymbolicLink(link).equals(path);
        } catch (IOException closed) {
            return false;
        }
    }

    /// The same of a file that is there.
    ///
    /// @throws java.nio.file.NoSuchFileException when it is not
    static Optional<LockFile> attemptExisting(Path file, boolean shared) throws IOException {
        Path path = file.toRealPath();
        return attempt(path, shared, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private static Optional<LockFile> attempt(Path path, boolean shared, StandardOpenOption... how) throws IOException {
        synchronized (HELD) {
            @Nullable LockFile held = HELD.get(path);
            if (held != null) {
                if (!shared || !held.shared) {
                    return Optional.empty();
                }
                held.holders++;
                return Optional.of(held);
            }
            FileChannel channel = FileChannel.open(path, how);
            @Nullable FileLock lock = channel.tryLock(0, Long.MAX_VALUE, shared);
            if (lock == null) {
                channel.close();
                return Optional.empty();
            }
            var taken = new LockFile(path, shared);
            taken.channel = channel;
            HELD.put(path, taken);
            return Optional.of(taken);
        }
    }

    private static Path prepared(Path file) throws IOException {
        Path directory = Files.createDirectories(file.toAbsolutePath().getParent());
        return directory.toRealPath().resolve(file.getFileName());
    }

    private static void forget(Path path) {
        synchronized (HELD) {
            HELD.remove(path);
            HELD.notifyAll();
        }
    }

    @Override
    public void close() throws IOException {
        synchronized (HELD) {
            if (--holders > 0) {
                return;
            }
            HELD.remove(file);
            HELD.notifyAll();
            if (channel != null) {
                channel.close();
            }
        }
    }
}
