package holdfast.riscv;

/// Why the decoded form of a page was dropped, and with it what was translated of it.
enum DropCause {
    /// A hart mapped the page writable, to store to it.
    GUEST_STORE("guest store"),

    /// A device, a loader or the balloon changed the page.
    DEVICE_WRITE("device write"),

    /// The page holds a page table in which a hart set an accessed or dirty bit.
    PAGE_TABLE("page table"),

    /// It had not been executed lately, and there were too many.
    EVICTION("eviction"),

    /// All of memory was replaced: a restore.
    REPLACEMENT("restore");

    final String text;

    DropCause(String text) {
        this.text = text;
    }
}
