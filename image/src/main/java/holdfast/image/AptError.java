package holdfast.image;

import holdfast.block.OperatorError;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// What apt-get's failures mean for the person at the keyboard.
final class AptError {
    private AptError() {}

    static OperatorError of(Command.Outcome outcome, DebianMirror mirror, Path directory) {
        String all = String.join("\n", outcome.errors());
        String first = firstError(outcome);
        if (all.contains("No space left on device") || all.contains("enough free space")) {
            return new OperatorError(directory.toString(), "no space left for guest packages", "free some, or point HOLDFAST_CACHE elsewhere");
        }
        if (all.contains("NO_PUBKEY") || all.contains("no public key") || all.contains("not signed") || all.contains("Missing key")) {
            return new OperatorError(
                    mirror.address(),
                    "its signature cannot be checked: " + first,
                    "renew this machine's Debian keys: apt-get install debian-archive-keyring");
        }
        if (Stream.of("resolving", "Could not resolve", "Could not connect", "Unable to connect", "Connection failed", "timed out", "Network is unreachable")
                .anyMatch(all::contains)) {
            return new OperatorError(
                    mirror.address(), "cannot be reached: " + first, "check the network and apt's proxy settings (apt-get update)");
        }
        if (isBeingRenewed(outcome)) {
            return new OperatorError(mirror.address(), "is just being renewed: " + first, "try again later, or name another mirror in HOLDFAST_MIRROR");
        }
        if (all.contains("Unable to locate package") || all.contains("has no installation candidate")) {
            return new OperatorError("Debian " + DebianMirror.RELEASE, first, "check the name");
        }
        return new OperatorError("apt-get", first, "try again; apt's state for guests is in " + directory);
    }

    /// Whether lists do not go with what was signed.
    static boolean isBeingRenewed(Command.Outcome outcome) {
        return outcome.errors().stream().anyMatch(line -> line.contains("Mirror sync in progress") || line.contains("Hash Sum mismatch"));
    }

    /// apt's own first words on what went wrong.
    static String firstError(Command.Outcome outcome) {
        Optional<String> error = Stream.of("E: ", "W: ")
                .flatMap(kind -> outcome.errors().stream().filter(line -> line.startsWith(kind)))
                .findFirst();
        return error.map(line -> line.substring("E: ".length()).strip().replaceFirst("^Failed to fetch \\S+\\s+", ""))
                .orElse(outcome.errors().isEmpty() ? "exit code " + outcome.exitCode() : outcome.errors().getLast().strip());
    }
}
