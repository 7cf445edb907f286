package holdfast.host;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// Who did what to which machine, and what came of it: a line of JSON each, in a file that is put aside when it is large. What only looks is
/// noted when it was refused.
final class Audit {
    private static final System.Logger LOG = System.getLogger(Audit.class.getName());

    /// The file, and the one before it, are at most as large.
    static final int BYTES_MAX = 4 << 20;

    private static final int TEXT_MAX = 400;

    private final Path file;

    Audit(Path file) {
        this.file = file;
    }

    /// @param at in ISO 8601
    /// @param who the name of a token, [Caller#SOCKET], or empty of somebody who showed none that is known
    /// @param what method and path of the request; or `end of` these, and the machine's name, when what was begun has ended
    /// @param status of HTTP; 0 of an operation that was done
    /// @param problem what was wrong; empty when nothing was
    private record Line(String at, String who, String role, String what, int status, String problem) {}

    void note(Caller caller, String what, int status, String problem) {
        String now = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
        var line = new Line(now, caller.name(), caller.role().toString(), clip(what), status, clip(problem));
        try {
            append(Json.text(line) + "\n");
        } catch (IOException e) {
            LOG.log(Level.WARNING, file + " is not written: " + e.getMessage());
        }
    }

    private static String clip(String text) {
        return text.length() <= TEXT_MAX ? text : text.substring(0, TEXT_MAX) + "…";
    }

    private synchronized void append(String line) throws IOException {
        if (Files.exists(file) && Files.size(file) + line.length() > BYTES_MAX) {
            Files.move(file, file.resolveSibling(file.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
        }
        if (!Files.exists(file)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        Files.writeString(file, line, StandardOpenOption.APPEND);
    }
}
