package holdfast.vhdx;

/// An entry of the block allocation table ([MS-VHDX] 2.5.1): bits 0 to 2 are the state, bits 20 to 63 the place in MiB. It is a
/// `long` wherever there are many.
///
/// What the states of payload blocks mean for reading:
///
/// | state | in a dynamic or fixed disk | in a differencing disk |
/// |---|---|---|
/// | 0 not present | zeros | the parent's |
/// | 1 undefined, 2 zero, 3 unmapped | zeros | zeros, whatever the parent has |
/// | 6 fully present | this file's | this file's |
/// | 7 partially present | damage | sector by sector, as the bitmap says |
///
/// The format lets undefined and unmapped blocks read as what was there before. Zeros are always right, and nobody else's data.
final class BatEntry {
    static final int NOT_PRESENT = 0;
    static final int UNDEFINED = 1;
    static final int ZERO = 2;
    static final int UNMAPPED = 3;
    static final int FULLY_PRESENT = 6;
    static final int PARTIALLY_PRESENT = 7;

    private static final int STATE_MASK = 7;
    private static final int OFFSET_SHIFT = 20;

    private BatEntry() {}

    static long of(int state, long offset) {
        return offset & -Mebibytes.ONE | state;
    }

    static int state(long entry) {
        return (int) entry & STATE_MASK;
    }

    /// In bytes; negative when it is past every file there can be.
    static long offset(long entry) {
        return entry >> OFFSET_SHIFT << OFFSET_SHIFT;
    }

    /// Whether it is there, wholly or in part.
    static boolean isPresent(long entry) {
        return state(entry) >= FULLY_PRESENT;
    }
}
