package holdfast.machine;

/// A function in a slot of the PCI bus. Called on hart threads, several at once: the function locks itself. Accesses are
/// naturally aligned, `bytes` is 1, 2 or 4.
interface PciFunction {
    /// @param offset within the 4 KiB of configuration space
    int configLoad(int offset, int bytes);

    void configStore(int offset, int bytes, int value);

    /// Physical address at which BAR 0 is decoded, or -1 when it is not.
    long barAddress();

    int barBytes();

    int barLoad(int offset, int bytes);

    void barStore(int offset, int bytes, int value);
}
