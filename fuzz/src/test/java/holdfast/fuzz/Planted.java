package holdfast.fuzz;

import holdfast.nbd.Export;

/// Stand-ins for calls of the product, each wrong in one way that no input of the kept corpus shows; [FuzzTest] puts them in
/// place.
public final class Planted {
    private Planted() {}

    /// What is to be read may be shorter than nothing.
    public static long toUnsignedLong(int length) {
        return length;
    }

    /// Requests need not be whole blocks.
    public static int minimumBlockBytes(Export export) {
        return 1;
    }
}
