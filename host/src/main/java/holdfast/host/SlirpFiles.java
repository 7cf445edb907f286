package holdfast.host;

import holdfast.image.LockFile;
import holdfast.image.Temporary;
import holdfast.network.Network;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// libslirp where this machine does not have it: its own apt fetches the package, with what that needs and is not installed, into the cache. Nothing
/// is installed, and nobody has to be root.
///
/// @param directory in which they are kept
/// @param status what counts as installed already (dpkg's)
record SlirpFiles(Path directory, Path status) {
    private static final System.Logger LOG = System.getLogger(SlirpFiles.class.getName());
    private static final Path MACHINES_STATUS = Path.of("/var/lib/dpkg/status");
    private static final Duration LIMIT = Duration.ofMinutes(3);

    /// In the order in which they are loaded: each after what it needs.
    private static final List<String> NAMES = List.of("libpcre2-8.so.0", "libglib-2.0.so.0", "libslirp.so.0");

    /// @return the files to load, fetched if need be; none when the machine has the library, or it cannot be had
    static List<Path> ofUser(Path cache) throws InterruptedException {
        if (Network.hasLibrary()) {
            return List.of();
        }
        try {
            return new SlirpFiles(cache.resolve("slirp"), MACHINES_STATUS).obtain();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "there is no way out: libslirp is not installed (Debian: libslirp0), and cannot be fetched: " + e.getMessage());
            return List.of();
        }
    }

    List<Path> obtain() throws IOException, InterruptedException {
        try (LockFile _ = LockFile.exclusive(directory.resolveSibling(directory.getFileName() + ".lock"), () -> {})) {
            if (!Files.isDirectory(directory)) {
                fetch();
            }
            return files();
        }
    }

    private List<Path> files() {
        return NAMES.stream().map(directory::resolve).filter(Files::exists).toList();
    }

    private void fetch() throws IOException, InterruptedException {
        Path unfinished = Temporary.beside(directory);
        Path work = Temporary.beside(directory.resolveSibling(directory.getFileName() + ".apt"));
        try {
            Files.createDirectories(work.resolve("lists/partial"));
            Files.createDirectories(work.resolve("archives/partial"));
            // A copy: apt locks the directory that it is in.
            Files.copy(status, work.resolve("status"));
            apt(work, "update");
            apt(work, "install", "--yes", "--download-only", "libslirp0");
            Path packages = work.resolve("packages");
            for (Path archive : archives(work.resolve("archives"))) {
                run(work, List.of("dpkg-deb", "--extract", archive.toString(), packages.toString()));
            }
            Files.createDirectories(unfinished);
            try (Stream<Path> all = Files.walk(packages)) {
                for (Path file : all.filter(file -> NAMES.contains(file.getFileName().toString())).toList()) {
                    Files.copy(file, unfinished.resolve(file.getFileName()));
                }
            }
            Temporary.publish(unfinished, directory);
        } finally {
            Temporary.remove(work);
            Temporary.remove(unfinished);
        }
    }

    /// What glib needs beside these is on every machine.
    private static List<Path> archives(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(file -> file.getFileName().toString().matches("lib(slirp0|glib2\\.0-0|glib2\\.0-0t64|pcre2-8-0)_.*\\.deb")).toList();
        }
    }

    /// apt with a state of its own, and the sources and mirrors of this machine.
    private static void apt(Path work, String... words) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("apt-get"));
        for (String option : List.of(
                "Dir::State=" + work, "Dir::State::status=" + work.resolve("status"), "Dir::Cache=" + work, "APT::Sandbox::User=", "APT::Install-Recommends=false",
                "Acquire::Languages=none", "Acquire::Retries=1", "Acquire::http::Timeout=10", "Acquire::https::Timeout=10")) {
            command.addAll(List.of("-o", option));
        }
        command.addAll(List.of(words));
        run(work, command);
    }

    private static void run(Path work, List<String> command) throws IOException, InterruptedException {
        Path said = work.resolve("said");
        Process process = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(command.getFirst() + " takes more than " + LIMIT.toSeconds() + " s");
        }
        if (process.exitValue() != 0) {
            List<String> lines = Files.readAllLines(said, StandardCharsets.UTF_8);
            throw new IOException(command.getFirst() + " failed" + (lines.isEmpty() ? "" : ": " + Objects.requireNonNull(lines.getLast())));
        }
    }
}
