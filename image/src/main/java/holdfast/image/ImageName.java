package holdfast.image;

import holdfast.block.OperatorError;
import java.util.regex.Pattern;

/// What images may be called: short, and safe as a file's name and in a shell.
public final class ImageName {
    private static final Pattern VALID = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

    private ImageName() {}

    static boolean isValid(String name) {
        return VALID.matcher(name).matches();
    }

    /// Returns a name that is one.
    ///
    /// @throws OperatorError when it is none
    public static String check(String name) {
        if (!isValid(name)) {
            throw new OperatorError(
                    "'" + name + "'", "is no name for an image", "take up to 63 of a-z 0-9 . _ -, a letter or digit first");
        }
        return name;
    }
}
