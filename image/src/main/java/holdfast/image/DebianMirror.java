package holdfast.image;

import holdfast.block.OperatorError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The Debian release that guests are made of, on the mirrors that this machine uses for its own packages: Holdfast knows no
/// host names.
///
/// @param sources the release itself first, then what updates it
record DebianMirror(List<AptSource> sources) {
    static final String RELEASE = "trixie";
    static final String ARCHITECTURE = "riscv64";

    /// Where package debian-archive-keyring has the keys that sign Debian's archives.
    static final Path KEYRING = Path.of("/usr/share/keyrings/debian-archive-keyring.gpg");

    private static final List<String> COMPONENTS = List.of("main");

    /// What the release is called by its place among the others. A mirror that is being renewed has new signatures beside old lists for a while,
    /// but not always under both names.
    private static final String OTHER_NAME = "stable";

    private static final Pattern CODENAME = Pattern.compile("(?m)^Codename: " + RELEASE + "(-updates|-security)?$");

    private static final Pattern LIST =
            Pattern.compile("_dists_(" + RELEASE + "|" + OTHER_NAME + ")_main_binary-" + ARCHITECTURE + "_Packages");

    private static final Pattern SUITE = Pattern.compile("(?<release>[a-z]+)(?<pocket>-updates|-security|/updates)?");

    private static final Set<String> RELEASES = Set.of(
            "buster", "bullseye", "bookworm", RELEASE, "forky", "duke", "sid",
            "oldoldstable", "oldstable", "stable", "testing", "unstable");

    /// Finds the mirror in the entries of this machine's apt.
    ///
    /// @param named a mirror that the operator names in place of that (`HOLDFAST_MIRROR`), or null
    /// @throws OperatorError when there is none
    static DebianMirror of(List<AptSource> hosts, @Nullable String named, Path keyring) {
        if (named != null && !named.isEmpty()) {
            return new DebianMirror(List.of(new AptSource(named, RELEASE, COMPONENTS, keyring(keyring))));
        }
        var sources = new LinkedHashMap<String, AptSource>();
        hosts.stream()
                .flatMap(host -> translated(host, keyring).stream())
                .forEach(source -> sources.putIfAbsent(source.suite(), source));
        @Nullable AptSource main = sources.remove(RELEASE);
        if (main == null) {
            throw new OperatorError(
                    "guest packages",
                    "this machine's apt has no Debian mirror",
                    "add one to /etc/apt/sources.list.d, or name one in HOLDFAST_MIRROR");
        }
        return new DebianMirror(Stream.concat(Stream.of(main), sources.values().stream()).toList());
    }

    /// The entry for the guests' release, if this one is for a release of Debian with the main component.
    private static Optional<AptSource> translated(AptSource host, Path keyring) {
        Matcher suite = SUITE.matcher(host.suite());
        if (!suite.matches() || !RELEASES.contains(suite.group("release")) || !host.components().containsAll(COMPONENTS)) {
            return Optional.empty();
        }
        String suffix = switch (suite.group("pocket")) {
            case null -> "";
            case "-updates" -> "-updates";
            // Up to buster, security's suite was called "buster/updates".
            default -> "-security";
        };
        String signedBy = host.signedBy().isEmpty() ? keyring(keyring) : host.signedBy();
        return Optional.of(new AptSource(host.uri(), RELEASE + suffix, COMPONENTS, signedBy));
    }

    private static String keyring(Path keyring) {
        if (!Files.isReadable(keyring)) {
            throw new OperatorError(
                    keyring.toString(), "is missing, so nothing fetched could be trusted", "apt-get install debian-archive-keyring");
        }
        return keyring.toString();
    }

    /// The same, asked for under the other name of the release: whether it is this one, what comes says ([#isRelease]).
    DebianMirror underItsOtherName() {
        return new DebianMirror(sources.stream()
                .map(source -> new AptSource(
                        source.uri(), source.suite().replaceFirst("^" + RELEASE, OTHER_NAME), source.components(), source.signedBy()))
                .toList());
    }

    /// Whether signed text of an archive (`Release`, `InRelease`) is that of the release, or of what updates it.
    static boolean isRelease(String text) {
        return CODENAME.matcher(text).find();
    }

    /// Whether a file that apt keeps is the release's own list of packages, under either of its names.
    static boolean isListOfRelease(Path file) {
        return LIST.matcher(file.toString()).find();
    }

    /// The text of a sources file for apt.
    String stanzas() {
        return String.join("\n", sources.stream().map(source -> source.stanza(ARCHITECTURE)).toList());
    }

    /// The text of the sources file of a guest, which uses the same mirrors and has Debian's keys of its own.
    String stanzasForGuest() {
        return String.join(
                "\n",
                sources.stream()
                        .map(source -> "Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: %s\n"
                                .formatted(source.uri(), source.suite(), String.join(" ", source.components()), KEYRING))
                        .toList());
    }

    /// The address to name in messages.
    String address() {
        return sources.getFirst().uri();
    }
}
