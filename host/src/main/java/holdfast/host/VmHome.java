package holdfast.host;

import java.nio.file.Path;

/// Where one machine is kept.
record VmHome(Path directory) {
    /// Held by its process as long as it lives.
    Path lock() {
        return directory.resolve("lock");
    }

    /// Where its process is asked.
    Path control() {
        return directory.resolve("control");
    }

    /// Where its network card is connected.
    Path network() {
        return directory.resolve("net");
    }

    /// What its process is to run.
    Path order() {
        return directory.resolve("order.json");
    }

    Path kernel() {
        return directory.resolve("kernel");
    }

    Path initrd() {
        return directory.resolve("initrd");
    }

    /// The image's disk, which is only read.
    Path base() {
        return directory.resolve("base.disk");
    }

    /// What the machine has changed of it.
    Path root() {
        return directory.resolve("root.disk");
    }

    /// The state of a machine that was saved; there only while it rests.
    Path state() {
        return directory.resolve("state");
    }

    /// What the guest's console has shown.
    Path console() {
        return directory.resolve("console.log");
    }

    /// What its process had to say.
    Path log() {
        return directory.resolve("process.log");
    }

    /// How its last run ended, in a line.
    Path ended() {
        return directory.resolve("ended");
    }
}
