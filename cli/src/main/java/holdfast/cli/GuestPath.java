package holdfast.cli;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A file of a machine: `NAME:PATH`, as scp has it.
///
/// @param path empty: root's home
record GuestPath(String machine, String path) {
    private static final Pattern FORM = Pattern.compile("([a-z0-9][a-z0-9-]*):(.*)", Pattern.DOTALL);

    /// Empty when it is a file of this host's: what has a slash before its first colon, or none.
    static Optional<GuestPath> of(String text) {
        Matcher matcher = FORM.matcher(text);
        return matcher.matches() ? Optional.of(new GuestPath(matcher.group(1), matcher.group(2))) : Optional.empty();
    }

    /// As the guest's shell is to find it: from root's home on, if it is not absolute.
    String quoted() {
        String whole = path.isEmpty() ? "/root/" : path.startsWith("/") ? path : "/root/" + path;
        return ExecCommand.quoted(whole);
    }

    @Override
    public String toString() {
        return machine + ":" + path;
    }
}
