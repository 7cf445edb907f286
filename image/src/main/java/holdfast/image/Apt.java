package holdfast.image;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// This machine's apt with a state of its own below a directory of ours: no root, nothing of this machine's own packages
/// touched. apt chooses the packages, checks signature and checksums, and goes on with what was left unfinished.
final class Apt {
    /// How long package lists serve before they are fetched anew.
    private static final Duration LISTS_FRESH = Duration.ofHours(24);

    private static final String SOURCES = "guest.sources";

    private final String program;
    private final Path directory;
    private final DebianMirror mirror;

    private Apt(String program, Path directory, DebianMirror mirror) {
        this.program = program;
        this.directory = directory;
        this.mirror = mirror;
    }

    /// What is to be fetched: packages by name, with all that they depend on and is not in the base.
    record Wanted(Base base, List<String> packages) {}

    /// What counts as installed already.
    enum Base {
        NOTHING("nothing", ""),
        /// For fetching a kernel alone: what it takes to make an initramfs and load modules, which is our own matter.
        BOOT(
                "boot",
                """
                Package: holdfast-boot
                Status: install ok installed
                Architecture: all
                Version: 1
                Maintainer: Holdfast
                Description: stands for what a kernel package depends on
                Provides: linux-initramfs-tool, kmod (= 99), linux-base (= 99)
                """);

        private final String file;
        private final String status;

        Base(String file, String status) {
            this.file = file;
            this.status = status;
        }
    }

    /// Sets up the state.
    ///
    /// @param directory apt's private place
    static Apt at(Path directory, DebianMirror mirror) throws IOException, InterruptedException {
        return at("apt-get", directory, mirror);
    }

    /// @param program what is run for it
    static Apt at(String program, Path directory, DebianMirror mirror) throws IOException, InterruptedException {
        var apt = new Apt(program, directory, mirror);
        for (String part : new String[] {"lists/partial", "archives/partial", "status", "none"}) {
            Files.createDirectories(directory.resolve(part));
        }
        for (Base base : Base.values()) {
            Files.writeString(directory.resolve("status").resolve(base.file), base.status);
        }
        if (!apt.asks(mirror) && !apt.asks(mirror.underItsOtherName())) {
            apt.ask(mirror);
        }
        apt.writeIfChanged("apt.conf", apt.configuration(hostSettings()));
        return apt;
    }

    private boolean asks(DebianMirror asked) throws IOException {
        return holds(SOURCES, asked.stanzas());
    }

    private void ask(DebianMirror asked) throws IOException {
        // Lists of another mirror would pass for this one's.
        Files.deleteIfExists(stamp());
        Temporary.remove(directory.resolve("lists"));
        Files.createDirectories(directory.resolve("lists/partial"));
        writeIfChanged(SOURCES, asked.stanzas());
    }

    private boolean holds(String name, String text) throws IOException {
        Path file = directory.resolve(name);
        return Files.exists(file) && Files.readString(file).equals(text);
    }

    private void writeIfChanged(String name, String text) throws IOException {
        if (!holds(name, text)) {
            Path file = directory.resolve(name);
            Path unfinished = Temporary.beside(file);
            Files.writeString(unfinished, text);
            Temporary.publish(unfinished, file);
        }
    }

    /// How this machine reaches its mirrors: proxies, time-outs, what dates it accepts.
    private static List<String> hostSettings() throws IOException, InterruptedException {
        var settings = new ArrayList<String>();
        Command.Outcome dump = Command.run(List.of("apt-config", "dump"), Map.of(), line -> {
            if (line.matches("Acquire::(?:https?|ftp|socks|Retries|ForceIPv\\d|Check-|Max-|Proxy|By-Hash).*")) {
                settings.add(line);
            }
        });
        return dump.exitCode() == 0 ? settings : List.of();
    }

    private String configuration(List<String> hostSettings) {
        return """
                APT::Architecture "%2$s";
                APT::Architectures { "%2$s"; };
                APT::Get::Assume-Yes "true";
                APT::Install-Recommends "false";
                APT::Sandbox::User "";
                APT::Default-Release "";
                Acquire::Languages "none";
                Acquire::http::Timeout "20";
                Acquire::https::Timeout "20";
                Acquire::Retries "2";
                Acquire::AllowInsecureRepositories "false";
                %3$s
                Dir::State "%1$s";
                Dir::State::lists "%1$s/lists/";
                Dir::State::extended_states "%1$s/extended_states";
                Dir::Cache "%1$s";
                Dir::Cache::archives "%1$s/archives/";
                Dir::Etc::sourcelist "%1$s/%4$s";
                Dir::Etc::sourceparts "/dev/null";
                Dir::Etc::preferences "/dev/null";
                Dir::Etc::preferencesparts "/dev/null";
                Dir::Etc::trusted "/dev/null";
                Dir::Etc::trustedparts "/dev/null";
                Dir::Etc::main "/dev/null";
                Dir::Etc::parts "/dev/null";
                Dir::Log "%1$s";
                Dir::Bin::dpkg "/bin/true";
                """
                .formatted(directory, DebianMirror.ARCHITECTURE, String.join("\n", hostSettings), SOURCES);
    }

    private Path stamp() {
        return directory.resolve("updated");
    }

    /// Fetches package lists when there are none, or only old ones. Old ones serve while the mirror cannot be reached.
    void update(Progress progress) throws IOException, InterruptedException {
        boolean have = Files.exists(stamp());
        if (have && Files.getLastModifiedTime(stamp()).toInstant().plus(LISTS_FRESH).isAfter(Instant.now())) {
            return;
        }
        progress.phase("fetching package lists");
        Command.Outcome outcome = fetchLists(progress);
        // One suite that is just being renewed on the mirror is no reason to stop; without the release itself nothing goes.
        if (!hasRelease() && AptError.isBeingRenewed(outcome)) {
            Command.Outcome first = outcome;
            ask(asks(mirror) ? mirror.underItsOtherName() : mirror);
            outcome = fetchLists(progress);
            if (!hasRelease()) {
                ask(mirror);
                throw AptError.of(first, mirror, directory);
            }
        } else if (!hasRelease()) {
            throw AptError.of(outcome, mirror, directory);
        }
        if (outcome.exitCode() != 0) {
            progress.note("some package lists could not be fetched: " + AptError.firstError(outcome));
        }
        if (outcome.exitCode() == 0 || !have) {
            Files.writeString(stamp(), Instant.now() + "\n");
        }
        run(List.of("-q", "autoclean"), _ -> {});
    }

    private Command.Outcome fetchLists(Progress progress) throws IOException, InterruptedException {
        var status = new AptProgress(progress, -1, 0);
        return run(List.of("-q", "-o", "APT::Status-Fd=1", "-o", "APT::Update::Error-Mode=any", "-o", "Acquire::Retries=0", "update"), status::line);
    }

    /// Whether there are lists of the release itself, and under its other name none of another: what `stable` is changes.
    private boolean hasRelease() throws IOException {
        boolean has = false;
        boolean named = asks(mirror);
        try (DirectoryStream<Path> lists = Files.newDirectoryStream(directory.resolve("lists"))) {
            for (Path list : lists) {
                if (!named && list.toString().endsWith("Release") && !DebianMirror.isRelease(Files.readString(list))) {
                    return false;
                }
                has |= DebianMirror.isListOfRelease(list);
            }
        }
        return has;
    }

    /// Says what would be fetched.
    ///
    /// @throws OperatorError when a package is not to be had
    List<AptPackage> resolve(Wanted wanted) throws IOException, InterruptedException {
        var lines = new ArrayList<String>();
        Command.Outcome outcome = run(
                install(wanted, "-qq", "--print-uris", "-o", "Acquire::ForceHash=SHA256",
                        // Without this, what has been fetched already would be left out.
                        "-o", "Dir::Cache::archives=" + directory.resolve("none") + "/"),
                lines::add);
        if (outcome.exitCode() != 0) {
            throw AptError.of(outcome, mirror, directory);
        }
        return AptPackage.parse(lines);
    }

    /// Fetches what is not here yet, and checks all of it.
    ///
    /// @return the packages, in the order of the list
    List<Deb> fetch(Wanted wanted, List<AptPackage> packages, Progress progress) throws IOException, InterruptedException {
        var archives = new Archives(directory.resolve("archives"));
        long totalBytes = packages.stream().mapToLong(AptPackage::size).sum();
        long hereBytes = packages.stream().filter(archives::has).mapToLong(AptPackage::size).sum();
        if (hereBytes < totalBytes) {
            progress.phase("fetching packages");
            var status = new AptProgress(progress, totalBytes, hereBytes);
            Command.Outcome outcome = run(install(wanted, "-q", "--download-only", "-o", "APT::Status-Fd=1"), status::line);
            if (outcome.exitCode() != 0) {
                throw AptError.of(outcome, mirror, directory);
            }
        }
        var debs = new ArrayList<Deb>();
        for (AptPackage wantedPackage : packages) {
            debs.add(archives.checked(wantedPackage));
        }
        return debs;
    }

    private List<String> install(Wanted wanted, String... options) {
        var arguments = new ArrayList<String>(List.of(options));
        arguments.add("-o");
        arguments.add("Dir::State::status=" + directory.resolve("status").resolve(wanted.base().file));
        arguments.add("install");
        arguments.addAll(wanted.packages());
        return arguments;
    }

    private Command.Outcome run(List<String> arguments, Consumer<String> line)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(program));
        command.addAll(arguments);
        try {
            return Command.run(command, Map.of("APT_CONFIG", directory.resolve("apt.conf").toString()), line);
        } catch (Command.Missing e) {
            throw new OperatorError(
                    "apt-get", "is not on this machine, and guest packages come through it", "run on Debian or a relative of it");
        }
    }
}
