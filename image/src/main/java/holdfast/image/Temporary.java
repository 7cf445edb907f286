package holdfast.image;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Files and directories that are made under another name, and appear under their own when they are whole and on disk.
public final class Temporary {
    private static final String MARK = ".part";

    private Temporary() {}

    /// A name for the unfinished form of a path, in the same directory. What a killed process has left there is removed: whoever
    /// makes a path holds the lock that makes it the only one.
    public static Path beside(Path path) throws IOException {
        Path unfinished = path.resolveSibling("." + path.getFileName() + MARK);
        remove(unfinished);
        Files.createDirectories(directoryOf(path));
        return unfinished;
    }

    /// Gives an unfinished file or directory its name, atomically; a file takes the place of an older one.
    public static void publish(Path unfinished, Path path) throws IOException {
        try (Stream<Path> files = Files.walk(unfinished)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                sync(file);
            }
        }
        Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
        sync(directoryOf(path));
    }

    private static Path directoryOf(Path path) {
        return Objects.requireNonNull(path.toAbsolutePath().getParent(), "the root directory is no place for this");
    }

    /// Makes a file's content, or a directory's names, survive a power cut.
    public static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// Removes a file, or a directory with all that is in it, if it is there. Others may remove some of it meanwhile.
    public static void remove(Path path) throws IOException {
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE; // It is gone, as it should be.
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                if (e != null && !(e instanceof NoSuchFileException)) {
                    throw e;
                }
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
