package holdfast.cli;

import holdfast.disk.Provisioning;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Where the control sockets of open disks are: each in a directory of this user's alone, under the number of its disk's file
/// and that of the process that has it open. So whoever names a disk finds who has it, by any of its names.
final class ControlSocket {
    private static final System.Logger LOG = System.getLogger(ControlSocket.class.getName());

    private ControlSocket() {}

    /// For a disk of this process's.
    ///
    /// @throws IOException when there is no such place
    static Path make(Path disk) throws IOException {
        Path directory = directory();
        Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        if (!isOurs(directory)) {
            throw new IOException(directory + " is not this user's alone");
        }
        try (Stream<Path> sockets = Files.list(directory)) {
            sockets.forEach(ControlSocket::removeStale);
        }
        return directory.resolve(prefix(disk) + ProcessHandle.current().pid());
    }

    /// Those of one disk.
    static List<Path> of(Path disk) {
        try {
            Path directory = directory();
            if (!Files.exists(Provisioning.fileOf(disk)) || !isOurs(directory)) {
                return List.of();
            }
            String prefix = prefix(disk);
            try (Stream<Path> sockets = Files.list(directory)) {
                return sockets.filter(socket -> String.valueOf(socket.getFileName()).startsWith(prefix)).toList();
            }
        } catch (IOException none) {
            return List.of();
        }
    }

    /// The number of the process that it is of.
    static String process(Path socket) {
        String name = String.valueOf(socket.getFileName());
        return name.substring(name.lastIndexOf('-') + 1);
    }

    /// Removes one whose process was killed. A process of another container that shares the directory has no number here, yet
    /// listens.
    static void removeStale(Path socket) {
        try {
            if (ProcessHandle.of(Long.parseLong(process(socket))).isEmpty()) {
                SocketChannel.open(UnixDomainSocketAddress.of(socket)).close();
            }
        } catch (NumberFormatException notOurs) {
            LOG.log(System.Logger.Level.DEBUG, socket + " is none of ours");
        } catch (ConnectException nobody) {
            remove(socket);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, socket + " stays: " + e.getMessage());
        }
    }

    static void remove(Path socket) {
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, socket + " stays: " + e.getMessage());
        }
    }

    private static Path directory() throws IOException {
        Optional<Path> given = Optional.ofNullable(System.getenv("XDG_RUNTIME_DIR")).map(Path::of).filter(Files::isDirectory);
        return given.map(directory -> directory.resolve("holdfast")).orElse(Path.of("/tmp/holdfast-" + user()));
    }

    private static Object user() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    private static boolean isOurs(Path directory) throws IOException {
        return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                && user().equals(Files.getAttribute(directory, "unix:uid"))
                && PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)).endsWith("------");
    }

    private static String prefix(Path disk) throws IOException {
        Path file = Provisioning.fileOf(disk);
        return Files.getAttribute(file, "unix:dev") + "-" + Files.getAttribute(file, "unix:ino") + "-";
    }
}
