package holdfast.cli;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// Ends the server that listens at a unix socket, as a signal would: it answers what it was asked, and lets go of its disks.
final class TakeOver {
    private static final Path SOCKETS = Path.of("/proc/net/unix");
    private static final Path PROCESSES = Path.of("/proc");

    private TakeOver() {}

    /// Returns when nobody listens there any more.
    ///
    /// @throws OperatorError when the one who does is not to be found, or does not end in time
    static void from(Path socket, Duration patience) throws IOException, InterruptedException {
        if (!Files.exists(socket)) {
            return;
        }
        List<Long> candidates = listening(socket);
        for (long inode : candidates) {
            Optional<ProcessHandle> owner = owner(inode, socket);
            if (owner.isPresent()) {
                end(owner.get(), socket, patience);
                return;
            }
        }
        if (!candidates.isEmpty()) {
            throw new OperatorError(socket.toString(), "who listens there cannot be found out", "end that server yourself");
        }
    }

    /// The inodes of listening sockets that may be this one: a name may be relative to its owner's directory.
    private static List<Long> listening(Path socket) throws IOException {
        String name = String.valueOf(socket.getFileName());
        try (Stream<String> lines = Files.lines(SOCKETS, StandardCharsets.UTF_8)) {
            // Num RefCount Protocol Flags Type St Inode Path; flag 0x10000: it accepts connections.
            return lines.skip(1)
                    .map(line -> line.strip().split("\\s+", 8))
                    .filter(columns -> columns.length == 8 && columns[3].equals("00010000"))
                    .filter(columns -> columns[7].equals(name) || columns[7].endsWith("/" + name))
                    .map(columns -> Long.parseLong(columns[6]))
                    .toList();
        }
    }

    private static Optional<ProcessHandle> owner(long inode, Path socket) {
        String link = "socket:[" + inode + "]";
        return ProcessHandle.allProcesses()
                .filter(process -> process.pid() != ProcessHandle.current().pid())
                .filter(process -> has(process, link) && isSame(process, inode, socket))
                .findFirst();
    }

    /// Whether one of its descriptors is this. Other users' processes do not tell.
    private static boolean has(ProcessHandle process, String link) {
        try (Stream<Path> descriptors = Files.list(PROCESSES.resolve(process.pid() + "/fd"))) {
            return descriptors.anyMatch(descriptor -> link.equals(target(descriptor)));
        } catch (IOException notTold) {
            return false;
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException closed) {
            return "";
        }
    }

    private static boolean isSame(ProcessHandle process, long inode, Path socket) {
        try (Stream<String> lines = Files.lines(SOCKETS, StandardCharsets.UTF_8)) {
            Path directory = Files.readSymbolicLink(PROCESSES.resolve(process.pid() + "/cwd"));
            return lines.skip(1)
                    .map(line -> line.strip().split("\\s+", 8))
                    .filter(columns -> columns.length == 8 && columns[6].equals(String.valueOf(inode)))
                    .anyMatch(columns -> isSameFile(directory.resolve(columns[7]), socket));
        } catch (IOException gone) {
            return false;
        }
    }

    private static boolean isSameFile(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException gone) {
            return false;
        }
    }

    private static void end(ProcessHandle server, Path socket, Duration patience) throws InterruptedException {
        String who = "process " + server.pid();
        if (!server.destroy()) {
            throw new OperatorError(socket.toString(), who + " listens there and cannot be ended", "end it yourself");
        }
        try {
            server.onExit().get(patience.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new OperatorError(
                    socket.toString(), who + " has not ended within " + patience.toSeconds() + " s", "see what it waits for");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
