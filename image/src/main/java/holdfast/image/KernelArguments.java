package holdfast.image;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Puts the kernel's command line together. Of a word given twice Linux takes the later one, so the user's come last.
public final class KernelArguments {
    /// The serial line is the console; a panic resets at once, by which the machine learns of it.
    private static final List<String> OURS = List.of("console=ttyS0", "panic=-1");

    private KernelArguments() {}

    /// @param image what the image asks for
    /// @param verbose shows the kernel's messages though the image asks for quiet
    /// @param terminalType TERM of the terminal that shows the console, `dumb` if none does; the kernel hands it on to the guest's init
    /// @param user what the user adds
    public static String of(String image, boolean verbose, String terminalType, @Nullable String user) {
        var words = new ArrayList<>(OURS);
        for (String word : image.strip().split("\\s+")) {
            if (!word.isEmpty() && !words.contains(word) && !(verbose && word.equals("quiet"))) {
                words.add(word);
            }
        }
        if (terminalType.matches("[A-Za-z0-9+._-]+")) {
            words.add("TERM=" + terminalType);
        }
        return with(String.join(" ", words), user);
    }

    /// @param base a whole command line
    /// @param user what the user adds
    public static String with(String base, @Nullable String user) {
        return user == null || user.isBlank() ? base : base + " " + user.strip();
    }

    /// What [#with] was given, if it was given this of the user.
    public static String without(String whole, String user) {
        String added = " " + user.strip();
        return !user.isBlank() && whole.endsWith(added) ? whole.substring(0, whole.length() - added.length()) : whole;
    }
}
