package holdfast.fuzz;

import holdfast.nbd.Export;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Stand-ins for calls of the product, each wrong in one way that none of the seeds shows; [FuzzTest] puts them in
/// place.
public final class Planted {
    private Planted() {}

    /// What a parent locator does not say is nothing, rather than empty.
    public static @Nullable Object getOrDefault(Map<?, ?> values, Object key, Object otherwise) {
        return values.get(key);
    }

    /// What is to be read may be shorter than nothing.
    public static long toUnsignedLong(int length) {
        return length;
    }

    /// Requests need not be whole blocks.
    public static int minimumBlockBytes(Export export) {
        return 1;
    }

    /// A server's words are shown as they come.
    public static String replaceAll(String text, String pattern, String by) {
        return text;
    }
}
