package holdfast.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/// The three streams a run was started with, unbuffered, and which of them are terminals.
record Streams(InputStream in, OutputStream out, PrintStream err, boolean inTerminal, boolean outTerminal, boolean errTerminal) {

    static Streams ofProcess() {
        return new Streams(
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Stdio.IN.isTerminal(),
                Stdio.OUT.isTerminal(),
                Stdio.ERR.isTerminal());
    }

    /// Whether a person is there: keys come from a terminal, and what is said about them can be read on one. `run | tee log` counts.
    boolean interactive() {
        return inTerminal && (outTerminal || errTerminal);
    }
}
