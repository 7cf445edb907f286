package holdfast.cli;

import holdfast.image.Progress;
import java.io.PrintStream;

/// Shows how a build goes on: a progress bar on a terminal, and what is to be known in lines of its own.
final class BuildProgress implements Progress, AutoCloseable {
    private final ProgressBar bar;
    private final PrintStream err;
    private String phase = "";

    BuildProgress(ProgressBar bar, PrintStream err) {
        this.bar = bar;
        this.err = err;
    }

    @Override
    public void phase(String what) {
        phase = what;
        bar.at(phase, 0, -1);
    }

    @Override
    public void bytes(long done, long total) {
        bar.at(phase, done, total);
    }

    @Override
    public void steps(long done, long total) {
        bar.at(phase + " " + done + " of " + total, 0, -1);
    }

    @Override
    public void note(String line) {
        bar.close();
        err.println(line);
    }

    @Override
    public void close() {
        bar.close();
    }
}
