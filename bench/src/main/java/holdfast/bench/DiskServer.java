package holdfast.bench;

import java.nio.file.Path;
import java.util.List;

/// Who serves a disk by NBD.
enum DiskServer {
    HOLDFAST("holdfast") {
        @Override
        List<String> command(Path disk, Path socket) {
            return Contender.thisProgram("nbd", "serve", disk.toString(), "--unix", socket.toString());
        }
    },
    QEMU_NBD("qemu-nbd") {
        @Override
        List<String> command(Path disk, Path socket) {
            String format = disk.toString().endsWith(".vhdx") ? "vhdx" : "raw";
            return List.of(
                    "qemu-nbd", "--persistent", "--format=" + format, "--shared=4", "--socket=" + socket, disk.toString());
        }
    },
    NBDKIT("nbdkit") {
        @Override
        List<String> command(Path disk, Path socket) {
            return List.of("nbdkit", "--foreground", "--unix", socket.toString(), "file", disk.toString());
        }
    };

    private final String title;

    DiskServer(String title) {
        this.title = title;
    }

    /// The program's name.
    String title() {
        return title;
    }

    /// How it is started so that it serves this disk at this socket until it is ended.
    abstract List<String> command(Path disk, Path socket);
}
