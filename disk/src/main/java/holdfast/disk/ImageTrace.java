package holdfast.disk;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/// Which parts of an image somebody has needed, such as a boot: what is here of a disk that was provisioned from it. A file of it is text, a line
/// each:
///
/// ```
/// holdfast trace 1
/// image IDENTITY
/// OFFSET LENGTH       in bytes, one for each part, in their order
/// ```
///
/// @param identity names the image's content
record ImageTrace(String identity, List<Part> parts) {
    static final ImageTrace NOTHING = new ImageTrace("", List.of());

    private static final String FIRST_LINE = "holdfast trace 1";
    private static final String IMAGE = "image ";
    private static final long BYTES_MAX = 64 << 20;

    /// Bytes from `offset` to before `end`.
    record Part(long offset, long end) {}

    ImageTrace {
        parts = List.copyOf(parts);
    }

    /// What is here of a disk.
    static ImageTrace of(PresenceMap map, String identity, int blockBytes, long sizeBytes) {
        var parts = new ArrayList<Part>();
        long blocks = Math.ceilDiv(sizeBytes, (long) blockBytes);
        for (long at = 0; at < blocks; ) {
            PresenceMap.Run run = map.run(at, blocks);
            if (run.state() != PresenceMap.State.ABSENT) {
                add(parts, at * blockBytes, Math.min(sizeBytes, run.end() * blockBytes));
            }
            at = run.end();
        }
        return new ImageTrace(identity, parts);
    }

    private static void add(List<Part> parts, long offset, long end) {
        if (!parts.isEmpty() && parts.getLast().end == offset) {
            parts.set(parts.size() - 1, new Part(parts.getLast().offset, end));
        } else {
            parts.add(new Part(offset, end));
        }
    }

    /// @param trace what the operator calls it
    /// @param image what it has to be of, which has this identity
    /// @throws OperatorError when it is one of another image
    void checkOf(String imageIdentity, String trace, String image) {
        if (!identity.equals(imageIdentity)) {
            throw new OperatorError(trace, "is of another image than " + image + " (" + identity + ")", "make one with: holdfast disk trace");
        }
    }

    /// @throws OperatorError when there is such a file already, or it cannot be made
    void write(Path file) {
        var lines = new ArrayList<>(List.of(FIRST_LINE, IMAGE + identity));
        parts.forEach(part -> lines.add(part.offset + " " + (part.end - part.offset)));
        try {
            Files.write(file, lines, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (FileAlreadyExistsException e) {
            throw new OperatorError(file.toString(), "is there already", "remove it first, or choose another name");
        } catch (IOException e) {
            throw new OperatorError(file.toString(), "cannot be written: " + e.getMessage(), "choose another place");
        }
    }

    /// @throws OperatorError when it is none
    static ImageTrace read(Path file) {
        try {
            if (Files.size(file) > BYTES_MAX) {
                throw noTrace(file);
            }
            List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
            if (lines.size() < 2 || !lines.getFirst().equals(FIRST_LINE) || !lines.get(1).startsWith(IMAGE)) {
                throw noTrace(file);
            }
            var parts = new ArrayList<Part>();
            for (String line : lines.subList(2, lines.size())) {
                parts.add(part(line, parts.isEmpty() ? 0 : parts.getLast().end));
            }
            return new ImageTrace(lines.get(1).substring(IMAGE.length()), parts);
        } catch (NoSuchFileException e) {
            throw new OperatorError(file.toString(), "there is no such file", "check the path");
        } catch (IOException e) {
            throw new OperatorError(file.toString(), "cannot be read: " + e.getMessage(), "check its permissions");
        } catch (IllegalArgumentException e) {
            throw noTrace(file);
        }
    }

    /// @throws IllegalArgumentException when it is none, or lies before the one before
    private static Part part(String line, long least) {
        String[] words = line.split(" ", -1);
        long offset = Long.parseLong(words[0]);
        long length = words.length == 2 ? Long.parseLong(words[1]) : 0;
        if (offset < least || length <= 0 || offset > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException(line);
        }
        return new Part(offset, offset + length);
    }

    private static OperatorError noTrace(Path file) {
        return new OperatorError(file.toString(), "is no trace", "make one with: holdfast disk trace");
    }
}
