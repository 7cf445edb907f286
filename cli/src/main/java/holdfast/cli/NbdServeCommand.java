package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.ByteSize;
import holdfast.disk.Provisioning;
import holdfast.journal.Target;
import holdfast.nbd.NbdAddress;
import holdfast.nbd.NbdServer;
import holdfast.nbd.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast nbd serve`.
@Command(
        name = "serve",
        description = {
            "Serves disks to NBD clients of this machine until a signal ends it, or --run's command has ended.",
            "",
            "Each disk is an export under its file's name; the first is also the default export.",
            "What is written to the export NAME/marks of a protected disk is the name of a mark.",
            "Every request that a client has sent is answered before the end, for at most 30 seconds.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "1:a disk cannot be opened, or the address cannot be had",
            "2:the options do not make sense",
            "N:with --run: the command's exit code",
            "129, 130, 143:ended by SIGHUP, SIGINT, SIGTERM",
        },
        footer = {
            "",
            "Examples:",
            "  holdfast nbd serve disk.img --unix /tmp/disk.sock",
            "  holdfast nbd serve disk.img --run 'nbdinfo \"$uri\"'",
        })
final class NbdServeCommand implements Callable<Integer> {
    private static final Duration DRAIN_LIMIT = Duration.ofSeconds(30);

    @Parameters(arity = "1..*", paramLabel = "DISK", description = "disk: raw image, block device or VHDX file")
    List<Path> disks = List.of();

    @Option(names = "--unix", paramLabel = "PATH", description = "listen at this unix socket, which only you can use; it is removed at the end")
    @Nullable Path unix;

    @Option(names = "--port", paramLabel = "N", description = "listen at this port of 127.0.0.1, for every user of this machine; 0: any; default: 10809")
    @Nullable Integer port;

    @Option(names = "--take-over", description = "with --unix: end the server that listens there, and take its place when it has answered its clients")
    boolean takeOver;

    @Option(names = "--tls", paramLabel = "DIR", description = "insist on TLS, with DIR/server-cert.pem and DIR/server-key.pem; with DIR/ca-cert.pem, clients need a certificate of that authority")
    @Nullable Path tls;

    @Option(names = "--read-only", description = "let nobody write; other readers may have the disks open too")
    boolean readOnly;

    @Option(names = "--initialize", paramLabel = "RATE", description = "initialise what is left of lazy disks meanwhile, at most so much a second, such as 50M; 0: as fast as can be")
    @Nullable ByteSize initialize;

    @Option(names = "--fill", paramLabel = "RATE|none", defaultValue = FillArgument.USUAL, converter = FillArgument.Converter.class, description = "let what is left of provisioned disks arrive meanwhile, at most so much a second; 0: as fast as can be; none: only what clients need; default: " + FillArgument.USUAL)
    FillArgument fill = new FillArgument.None();

    @Option(names = "--parent-path", paramLabel = "P", description = "where the parent of the one DISK is, if not where it says")
    @Nullable Path parentPath;

    @Option(names = "--at", paramLabel = "POINT", converter = TargetArgument.class, description = "serve the protected disks as they were, read-only: mark:NAME, time:T, seq:N or marked-before:T")
    @Nullable Target at;

    @Option(names = "--run", paramLabel = "CMD", description = "run this by the shell, with $uri and $unixsocket set, and end with it; without an address: at a temporary socket")
    @Nullable String command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (unix != null && port != null) {
            throw new UsageError("--unix and --port do not go together");
        }
        if (port != null && (port < 0 || port > 65535)) {
            throw new UsageError("--port " + port + " is no port; the highest is 65535");
        }
        if (initialize != null && readOnly) {
            throw new UsageError("--initialize and --read-only do not go together");
        }
        if (at != null && (initialize != null || parentPath != null)) {
            throw new UsageError("--at does not go with " + (initialize != null ? "--initialize" : "--parent-path"));
        }
        if (takeOver && unix == null) {
            throw new UsageError("--take-over goes with --unix");
        }
        if (parentPath != null && disks.size() > 1) {
            throw new UsageError("--parent-path goes with one DISK; serve the others apart");
        }
        if (takeOver && unix != null) {
            disks.forEach(disk -> Preflight.readable("DISK", Provisioning.fileOf(disk)));
            TakeOver.from(unix, DRAIN_LIMIT.plusSeconds(30));
        }
        try (var cleanUp = new CleanUp()) {
            TlsIdentity identity = tls == null ? null : TlsIdentity.ofServer(tls);
            var served = cleanUp.add(at != null
                    ? ServedDisks.openPast(disks, at, Streams.ofProcess().err())
                    : ServedDisks.open(disks, readOnly ? Access.READ_ONLY : Access.READ_WRITE, initialize, fill, parentPath));
            NbdServer server = NbdServer.open(address(cleanUp), served.exports(), identity);
            cleanUp.add(() -> end(server));
            if (command != null) {
                return run(command, server, cleanUp);
            }
            announce(served.names(), server.uri());
            // A signal ends the JVM, and this wait with it.
            new CountDownLatch(1).await();
            return ExitCode.OK;
        }
    }

    private NbdAddress address(CleanUp cleanUp) throws IOException {
        if (unix != null) {
            return new NbdAddress.Unix(unix);
        }
        if (port == null && command != null) {
            Path directory = Files.createTempDirectory(
                    "holdfast-nbd", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            cleanUp.add(() -> Files.deleteIfExists(directory));
            return new NbdAddress.Unix(directory.resolve("socket"));
        }
        return new NbdAddress.Port(port == null ? NbdAddress.DEFAULT_PORT : port);
    }

    private static void announce(List<String> names, String uri) {
        Streams.ofProcess().err().println("holdfast nbd serve: serving " + String.join(", ", names) + " at " + uri);
    }

    /// Runs the command on our own streams; a signal to us ends it.
    private static int run(String command, NbdServer server, CleanUp cleanUp) throws IOException, InterruptedException {
        String socket = server.address() instanceof NbdAddress.Unix(Path path) ? path.toAbsolutePath().toString() : "";
        String script = "uri=" + quoted(server.uri()) + "\nunixsocket=" + quoted(socket) + "\nexport uri unixsocket\n" + command;
        Process process = new ProcessBuilder("/bin/sh", "-c", script).inheritIO().start();
        cleanUp.add(process::destroy);
        return process.waitFor();
    }

    /// For the shell: within single quotes nothing means anything but a single quote.
    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }

    private static void end(NbdServer server) {
        boolean all = server.drain(System.nanoTime() + DRAIN_LIMIT.toNanos());
        server.close();
        if (!all) {
            System.getLogger(NbdServeCommand.class.getName())
                    .log(System.Logger.Level.WARNING, "some clients did not take their answers in time and were cut off");
        }
    }
}
