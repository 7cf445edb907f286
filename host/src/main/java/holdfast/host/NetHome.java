package holdfast.host;

import java.nio.file.Path;

/// Where one network is kept.
record NetHome(Path directory) {
    /// Held by its process as long as it lives.
    Path lock() {
        return directory.resolve("lock");
    }

    /// Where its process is asked.
    Path control() {
        return directory.resolve("control");
    }

    /// What its process is to run.
    Path order() {
        return directory.resolve("order.json");
    }

    /// What its process had to say.
    Path log() {
        return directory.resolve("process.log");
    }
}
