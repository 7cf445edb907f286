package holdfast.journal;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Segments as the files of a directory, `00000001.journal` and so on, with `00000001.index` beside it. Other files there are left
/// alone.
///
/// @param id of the journal that should be there; null for any
public record SegmentDirectory(Path directory, @Nullable UUID id) implements Segments {
    private static final Pattern NAME = Pattern.compile("(\\d{8})\\.journal");

    /// Read and written by whoever may use the directory, as disks are.
    private static final int PERMISSIONS = 0b110_110_110;

    @Override
    public Optional<UUID> journal() {
        return Optional.ofNullable(id);
    }

    @Override
    public String name() {
        return directory.toString();
    }

    @Override
    public String name(int number) {
        return path(number).toString();
    }

    private Path path(int number) {
        return directory.resolve(String.format(Locale.ROOT, "%08d.journal", number));
    }

    @Override
    public SortedSet<Integer> numbers() {
        var numbers = new TreeSet<Integer>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Matcher matcher = NAME.matcher(String.valueOf(file.getFileName()));
                if (matcher.matches()) {
                    numbers.add(Integer.parseInt(matcher.group(1)));
                }
            }
            return numbers;
        } catch (IOException | DirectoryIteratorException e) {
            throw new OperatorError(directory.toString(), "cannot be read, and a journal should be there", "bring it back");
        }
    }

    @Override
    public BlockDevice open(int number, Access access) {
        return RawFile.open(path(number), access);
    }

    @Override
    public BlockDevice peek(int number) {
        return RawFile.peek(path(number));
    }

    @Override
    public BlockDevice create(int number, byte[] beginning, long bytes) throws DiskException {
        Path path = path(number);
        WholeFile.make(path, bytes, PERMISSIONS, file -> {
            var disk = new Blocking(file);
            disk.write(0, beginning);
            disk.flush();
        });
        return RawFile.open(path, Access.READ_WRITE);
    }

    @Override
    public Replacement replacement(int number, long bytesMax) {
        return new SegmentFile(path(number));
    }

    private Path indexPath(int number) {
        return directory.resolve(String.format(Locale.ROOT, "%08d.index", number));
    }

    @Override
    public Optional<byte[]> index(int number) {
        Path path = indexPath(number);
        try {
            return Files.size(path) > SegmentIndex.BYTES_MAX ? Optional.empty() : Optional.of(Files.readAllBytes(path));
        } catch (IOException none) {
            return Optional.empty(); // the segment has it all
        }
    }

    @Override
    public void putIndex(int number, byte[] index) {
        Path path = indexPath(number);
        Path unfinished = path.resolveSibling("." + path.getFileName() + ".new");
        try {
            try (var file = FileChannel.open(
                    unfinished, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                for (ByteBuffer bytes = ByteBuffer.wrap(index); bytes.hasRemaining(); ) {
                    file.write(bytes);
                }
                file.force(true);
            }
            Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new OperatorError(path.toString(), "cannot be written (" + e.getMessage() + ")", "look after the storage it is on");
        }
        WholeFile.syncDirectory(path);
    }

    /// The index goes last: without its segment it says nothing.
    @Override
    public void remove(int number) {
        Path path = path(number);
        try {
            Files.deleteIfExists(path);
            Files.deleteIfExists(indexPath(number));
        } catch (IOException e) {
            throw new OperatorError(path.toString(), "cannot be removed (" + e.getMessage() + ")", "check the permissions of its directory");
        }
        WholeFile.syncDirectory(path);
    }
}
