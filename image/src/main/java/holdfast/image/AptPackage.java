package holdfast.image;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A package as apt would fetch it.
///
/// @param file the name under which apt keeps it, `name_version_architecture.deb`
/// @param size in bytes
/// @param sha256 in hexadecimal, vouched for by the archive's signature
record AptPackage(String file, long size, String sha256) {

    /// A line of `apt-get --print-uris`.
    private static final Pattern LINE = Pattern.compile("'[^']+' (?<file>[^ /]+\\.deb) (?<size>\\d+) SHA256:(?<sha256>[0-9a-f]{64})");

    static List<AptPackage> parse(List<String> lines) {
        return lines.stream().map(AptPackage::parse).flatMap(Optional::stream).toList();
    }

    private static Optional<AptPackage> parse(String line) {
        Matcher matcher = LINE.matcher(line.strip());
        return matcher.matches()
                ? Optional.of(new AptPackage(
                        matcher.group("file"), Long.parseLong(matcher.group("size")), matcher.group("sha256")))
                : Optional.empty();
    }

    String name() {
        return part(0);
    }

    /// The version, its epoch included.
    String version() {
        return part(1).replace("%3a", ":");
    }

    PackageVersion packageVersion() {
        return new PackageVersion(name(), version());
    }

    private String part(int index) {
        String[] parts = file.substring(0, file.length() - ".deb".length()).split("_");
        return index < parts.length ? parts[index] : "";
    }
}
