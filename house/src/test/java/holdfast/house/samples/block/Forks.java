package holdfast.house.samples.block;

import java.io.IOException;

/// Waits for another process for as long as that likes.
final class Forks {
    private Forks() {}

    static int waits() throws IOException, InterruptedException {
        return new ProcessBuilder("true").start().waitFor();
    }
}
