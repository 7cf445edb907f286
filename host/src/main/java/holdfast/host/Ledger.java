package holdfast.host;

/// Where the records of machines are kept.
interface Ledger {
    /// The machine's record is this one from now on.
    void put(VmRecord record);

    /// There is no such machine any more.
    void remove(String id);
}
