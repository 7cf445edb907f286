package holdfast.cli;

import java.io.IOException;
import java.io.OutputStream;

/// The guest's console, written to a file besides. When the file can take no more (disk full) the run goes on without it,
/// and says so once.
final class ConsoleLog extends OutputStream {
    private final OutputStream console;
    private final OutputStream file;
    private final Runnable failed;
    private boolean logging = true;

    ConsoleLog(OutputStream console, OutputStream file, Runnable failed) {
        this.console = console;
        this.file = file;
        this.failed = failed;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (logging) {
            try {
                file.write(bytes, offset, length);
            } catch (IOException e) {
                logging = false;
                failed.run();
            }
        }
        console.write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
        console.flush();
    }
}
