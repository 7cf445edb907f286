package holdfast.riscv;

/// Where a random instruction stream lives: the same addresses in our hart and in a process under QEMU. Also in
/// stream-loader.c.
final class StreamLayout {
    static final long CODE = 0x4010_0000L;
    static final int CODE_BYTES = 0x1_0000;

    /// What loads and stores of a stream find; compared at its end. The pages around it are not mapped.
    static final long DATA = 0x4020_0000L;

    static final int DATA_BYTES = 0x2000;

    /// Loop counters.
    static final long COUNTERS = 0x4030_0000L;

    /// Nothing is mapped here.
    static final long NOWHERE = 0x4028_0000L;

    /// A stream ends early when it has trapped this often.
    static final int TRAPS_MAX = 64;

    private StreamLayout() {}
}
