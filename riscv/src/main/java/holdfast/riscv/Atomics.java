package holdfast.riscv;

/// The "A" extension. Every operation is sequentially consistent whatever its aq and rl bits say, which is stronger
/// than asked for and costs nothing on hosts whose atomic instructions are full barriers.
///
/// LR remembers the value it loaded, SC is a compare-and-swap with that value. A location that was changed and changed
/// back in between is not noticed; software built on LR/SC pairs cannot tell, because only SC's success depends on
/// it and the value is then what LR saw.
final class Atomics {
    private Atomics() {}

    static void execute(Hart hart, long d) {
        hart.x[Packed.rd(d)] = apply(hart, Packed.op(d), hart.x[Packed.rs1(d)], hart.x[Packed.rs2(d)]);
    }

    /// Does the operation at a virtual address; returns what goes to rd.
    static long apply(Hart hart, int op, long va, long operand) {
        return switch (op) {
            case Op.LR_W -> loadReserved(hart, va, 4);
            case Op.LR_D -> loadReserved(hart, va, 8);
            case Op.SC_W -> storeConditional(hart, va, 4, operand);
            case Op.SC_D -> storeConditional(hart, va, 8, operand);
            default -> op < Op.LR_D ? word(hart, op, va, (int) operand) : doubleword(hart, op, va, operand);
        };
    }

    private static long loadReserved(Hart hart, long va, int bytes) {
        long host = hart.mmu.atomic(va, bytes, Mmu.LOAD);
        long value = bytes == 4 ? Raw.loadIntVolatile(host) : Raw.loadLongVolatile(host);
        hart.reserve(host, bytes, value);
        return value;
    }

    private static long storeConditional(Hart hart, long va, int bytes, long value) {
        long host = hart.mmu.atomic(va, bytes, Mmu.STORE);
        if (!hart.takeReservation(host, bytes)) {
            return 1;
        }
        boolean stored =
                bytes == 4
                        ? Raw.swapIfEqualInt(host, (int) hart.reservedValue(), (int) value)
                        : Raw.swapIfEqualLong(host, hart.reservedValue(), value);
        return stored ? 0 : 1;
    }

    private static long word(Hart hart, int op, long va, int operand) {
        long host = hart.mmu.atomic(va, 4, Mmu.STORE);
        if (op == Op.AMOSWAP_W) {
            return Raw.exchangeInt(host, operand);
        }
        if (op == Op.AMOADD_W) {
            return Raw.addInt(host, operand);
        }
        while (true) {
            int old = Raw.loadIntVolatile(host);
            int result =
                    switch (op) {
                        case Op.AMOXOR_W -> old ^ operand;
                        case Op.AMOAND_W -> old & operand;
                        case Op.AMOOR_W -> old | operand;
                        case Op.AMOMIN_W -> Math.min(old, operand);
                        case Op.AMOMAX_W -> Math.max(old, operand);
                        case Op.AMOMINU_W -> Integer.compareUnsigned(old, operand) <= 0 ? old : operand;
                        case Op.AMOMAXU_W -> Integer.compareUnsigned(old, operand) >= 0 ? old : operand;
                        default -> throw new IllegalStateException("not an atomic operation: " + op);
                    };
            if (Raw.swapIfEqualInt(host, old, result)) {
                return old;
            }
        }
    }

    private static long doubleword(Hart hart, int op, long va, long operand) {
        long host = hart.mmu.atomic(va, 8, Mmu.STORE);
        if (op == Op.AMOSWAP_D) {
            return Raw.exchangeLong(host, operand);
        }
        if (op == Op.AMOADD_D) {
            return Raw.addLong(host, operand);
        }
        while (true) {
            long old = Raw.loadLongVolatile(host);
            long result =
                    switch (op) {
                        case Op.AMOXOR_D -> old ^ operand;
                        case Op.AMOAND_D -> old & operand;
                        case Op.AMOOR_D -> old | operand;
                        case Op.AMOMIN_D -> Math.min(old, operand);
                        case Op.AMOMAX_D -> Math.max(old, operand);
                        case Op.AMOMINU_D -> Long.compareUnsigned(old, operand) <= 0 ? old : operand;
                        case Op.AMOMAXU_D -> Long.compareUnsigned(old, operand) >= 0 ? old : operand;
                        default -> throw new IllegalStateException("not an atomic operation: " + op);
                    };
            if (Raw.swapIfEqualLong(host, old, result)) {
                return old;
            }
        }
    }
}
