package holdfast.cli;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The program that a user edits texts with.
///
/// @param command words for a shell, such as `code --wait`
record Editor(String command) {

    /// What `VISUAL` says, else `EDITOR`, else vi.
    static Editor ofUser(Map<String, String> environment) {
        for (String variable : List.of("VISUAL", "EDITOR")) {
            String named = environment.getOrDefault(variable, "");
            if (!named.isBlank()) {
                return new Editor(named);
            }
        }
        return new Editor("vi");
    }

    /// Lets the user edit a file, on this process's terminal, and returns when that is done.
    ///
    /// @throws OperatorError when it cannot be run, or has failed
    void open(Path file) throws IOException, InterruptedException {
        int exitCode = new ProcessBuilder("sh", "-c", command + " \"$1\"", "sh", file.toString()).inheritIO().start().waitFor();
        if (exitCode != 0) {
            throw new OperatorError(
                    "the editor, " + command + ",", "has failed (exit code " + exitCode + "); nothing is changed", "name another in VISUAL or EDITOR, or use --set or --file");
        }
    }
}
