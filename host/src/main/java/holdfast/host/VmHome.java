package holdfast.host;

import holdfast.network.Seat;
import java.nio.file.Files;
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

    /// Where its process is, when the network has to come to it.
    Path cable() {
        return Seat.cableOf(network());
    }

    /// What its process is to run.
    Path order() {
        return directory.resolve("order.json");
    }

    /// What it has of its image, in common with other machines: its process cannot write there.
    Path image() {
        return directory.resolve("../../bases").resolve(String.valueOf(directory.getFileName())).normalize();
    }

    Path kernel() {
        return ofImage("kernel");
    }

    Path initrd() {
        return ofImage("initrd");
    }

    /// The image's disk, which is only read.
    Path base() {
        return ofImage("base.disk");
    }

    /// A machine that an older build has made has it in its own directory.
    private Path ofImage(String name) {
        Path own = directory.resolve(name);
        return Files.exists(own) ? own : image().resolve(name);
    }

    /// What the machine has changed of it.
    Path root() {
        return directory.resolve("root.disk");
    }

    /// What its cloud-init is told; only of an image that has it.
    Path seed() {
        return directory.resolve("seed.disk");
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

    /// Java's program, by the name that its process is to have.
    Path program() {
        return directory.resolve("holdfast");
    }

    /// For what its process needs for a while.
    Path temporary() {
        return directory.resolve("tmp");
    }
}
