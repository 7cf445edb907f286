package holdfast.riscv;

/// Why something was dropped of what was decoded and translated of a page.
enum DropCause {
    /// A hart stored to the page.
    GUEST_STORE("guest store"),

    /// A device, a loader or the balloon changed the page.
    DEVICE_WRITE("device write"),

    /// The page holds a page table in which a hart set an accessed or dirty bit.
    PAGE_TABLE("page table"),

    /// The page had not been executed lately, and there were too many: all of it.
    EVICTION("eviction"),

    /// All of memory was replaced: a restore.
    REPLACEMENT("restore");

    final String text;

    DropCause(String text) {
        this.text = text;
    }
}
