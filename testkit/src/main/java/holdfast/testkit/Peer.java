package holdfast.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.Stream;

/// A program or file outside the project that tests compare Holdfast with, as `tools/peers` lists it.
///
/// @param name a program's name, or a file's or directory's absolute path
/// @param debianPackage the Debian package that has it
public record Peer(String name, String debianPackage) {

    /// Administrators' programs (mke2fs, e2fsck) are not on an ordinary user's PATH in Debian, yet can be run.
    private static final List<Path> ADMINISTRATORS = List.of(Path.of("/usr/sbin"), Path.of("/sbin"));

    /// The peer with this name; throws if `tools/peers` does not list it.
    public static Peer named(String name) {
        return all().stream()
                .filter(peer -> peer.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException("tools/peers does not list '" + name + "'"));
    }

    /// Where the peer is on this machine; throws if it is not: a test that calls this is annotated with [Needs].
    public static Path path(String name) {
        return named(name).find().orElseThrow(() -> new NoSuchElementException(name + " is not on this machine"));
    }

    public static List<Peer> all() {
        try (Stream<String> lines = Files.lines(Tree.root().resolve("tools/peers"))) {
            return lines.filter(line -> !line.isBlank() && !line.startsWith("#")).map(Peer::parse).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Where the peer is on this machine, looked up along the PATH of this process.
    public Optional<Path> find() {
        String path = System.getenv("PATH");
        return find(path == null ? "" : path);
    }

    Optional<Path> find(String searchPath) {
        if (name.contains("/")) {
            return Optional.of(Path.of(name)).filter(Files::isReadable);
        }
        return Stream.concat(Arrays.stream(searchPath.split(":")).map(Path::of), ADMINISTRATORS.stream())
                .map(directory -> directory.resolve(name))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
    }

    private static Peer parse(String line) {
        String[] columns = line.split("\\s+", 3);
        if (columns.length != 3) {
            throw new IllegalStateException("tools/peers wants name, package and what for: " + line);
        }
        return new Peer(columns[0], columns[1]);
    }
}
