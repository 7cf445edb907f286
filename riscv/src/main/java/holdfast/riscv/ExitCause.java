package holdfast.riscv;

/// Why control left translated code for the interpreter.
enum ExitCause {
    /// It came to code that has not been translated: not hot, or left out of its region.
    COLD("cold code"),

    /// It came to a page that has to be looked up first.
    PAGE("page to be looked up"),

    /// It came to an instruction that only the interpreter executes: calls of the firmware, `wfi`, `fence.i`, …
    SYSTEM("system instruction"),

    /// It came to an instruction that lies across two pages.
    CROSSING("instruction across pages"),

    /// A control register was written, after which interrupts and translation have to be looked at.
    REGISTER("control register"),

    /// The slice is over, or about to be: a timer, an interrupt, a request.
    SLICE("end of slice"),

    /// An access missed the TLB's first level, in a region that leaves the rest to the interpreter then.
    MISS("TLB miss"),

    /// A load or store met a page fault.
    PAGE_FAULT("page fault"),

    /// A load or store went where there is no RAM, that is to a device.
    DEVICE("device"),

    /// Any other trap, and what translated code leaves to the interpreter by one, such as a rounding mode.
    TRAP("other trap");

    final String text;

    ExitCause(String text) {
        this.text = text;
    }

    /// @param after what the last region returned (see [Region#run]); the hart is where it left
    static ExitCause of(Hart hart, int after) {
        if (after < 0) {
            return switch (hart.trap().cause) {
                case Trap.MISS -> MISS;
                case Trap.ECALL_S, Trap.ECALL_M -> SYSTEM;
                case Trap.LOAD_PAGE, Trap.STORE_PAGE -> PAGE_FAULT;
                case Trap.LOAD_ACCESS, Trap.STORE_ACCESS -> DEVICE;
                default -> TRAP;
            };
        }
        if (after == 0) {
            return hart.passEnds() ? REGISTER : SLICE;
        }
        CodePage page = hart.mmu.knownPage(hart.pc());
        return page == null ? PAGE : at(page, (int) (hart.pc() & 4095) >>> 1);
    }

    private static ExitCause at(CodePage page, int slot) {
        if (page.region(slot) != null) {
            return SLICE; // there is translated code, but too little of the slice is left for it
        }
        long decoded = page.code[slot];
        long instruction = Packed.op(decoded) == Op.UNDECODED ? page.plain(slot) : decoded;
        if (Packed.op(instruction) == Op.CROSSING) {
            return CROSSING;
        }
        return RegionCompiler.translates(instruction) ? COLD : SYSTEM;
    }
}
