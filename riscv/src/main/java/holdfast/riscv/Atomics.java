package holdfast.riscv;

/// The "A" extension. Every operation that stores is sequentially consistent whatever its aq and rl bits say, which is
/// stronger than asked for and costs nothing on hosts whose atomic instructions are full barriers. LR always acquires, which
/// costs nothing either; that it releases too has to be paid for, and is only where rl is set.
///
/// LR remembers the value it loaded, SC is a compare-and-swap with that value. A location that was changed and changed
/// back in between is not noticed; software built on LR/SC pairs cannot tell, because only SC's success depends on
/// it and the value is then what LR saw.
final class Atomics {
    private Atomics() {}

    private static final int RL = 1;

    static void execute(Hart hart, long d) {
        if (comesAfterAll(d)) {
            Raw.fullFence();
        }
        hart.x[Packed.rd(d)] = apply(hart, Packed.op(d), hart.x[Packed.rs1(d)], hart.x[Packed.rs2(d)]);
    }

    /// Whether this is an LR that may not read before earlier stores are out.
    static boolean comesAfterAll(long d) {
        int op = Packed.op(d);
        return (op == Op.LR_W || op == Op.LR_D) && (Packed.immediate(d) & RL) != 0;
    }

    private static long apply(Hart hart, int op, long va, long operand) {
        boolean reserves = op == Op.LR_W || op == Op.LR_D;
        boolean wide = op >= Op.LR_D;
        long host = hart.mmu.atomic(va, wide ? 8 : 4, reserves ? Mmu.LOAD : Mmu.STORE);
        return switch (op) {
            case Op.LR_W -> loadReservedWord(hart, host);
            case Op.LR_D -> loadReservedDoubleword(hart, host);
            case Op.SC_W -> storeConditionalWord(hart, host, operand);
            case Op.SC_D -> storeConditionalDoubleword(hart, host, operand);
            default -> wide ? doubleword(op, host, operand) : word(op, host, (int) operand);
        };
    }

    // ---- at host addresses that the memory unit has given, for this access

    static long loadReservedWord(Hart hart, long host) {
        long value = Raw.loadIntVolatile(host);
        hart.reserve(host, 4, value);
        return value;
    }

    static long loadReservedDoubleword(Hart hart, long host) {
        long value = Raw.loadLongVolatile(host);
        hart.reserve(host, 8, value);
        return value;
    }

    /// @return 0 if it stored, else 1
    static long storeConditionalWord(Hart hart, long host, long value) {
        boolean held = hart.takeReservation(host, 4);
        return held && Raw.swapIfEqualInt(host, (int) hart.reservedValue(), (int) value) ? 0 : 1;
    }

    /// @return 0 if it stored, else 1
    static long storeConditionalDoubleword(Hart hart, long host, long value) {
        boolean held = hart.takeReservation(host, 8);
        return held && Raw.swapIfEqualLong(host, hart.reservedValue(), value) ? 0 : 1;
    }

    /// The same while no other hart runs.
    ///
    /// @return 0 if it stored, else 1
    static long storeConditionalWordAlone(Hart hart, long host, long value) {
        if (!hart.takeReservation(host, 4) || Raw.loadInt(host) != (int) hart.reservedValue()) {
            return 1;
        }
        Raw.storeInt(host, (int) value);
        return 0;
    }

    /// The same while no other hart runs.
    ///
    /// @return 0 if it stored, else 1
    static long storeConditionalDoublewordAlone(Hart hart, long host, long value) {
        if (!hart.takeReservation(host, 8) || Raw.loadLong(host) != hart.reservedValue()) {
            return 1;
        }
        Raw.storeLong(host, value);
        return 0;
    }

    /// An AMO; returns the old value.
    static long word(int op, long host, int operand) {
        if (op == Op.AMOSWAP_W) {
            return Raw.exchangeInt(host, operand);
        }
        return op == Op.AMOADD_W ? Raw.addInt(host, operand) : wordLoop(op, host, operand);
    }

    /// An AMO; returns the old value.
    static long doubleword(int op, long host, long operand) {
        if (op == Op.AMOSWAP_D) {
            return Raw.exchangeLong(host, operand);
        }
        return op == Op.AMOADD_D ? Raw.addLong(host, operand) : doublewordLoop(op, host, operand);
    }

    private static long wordLoop(int op, long host, int operand) {
        while (true) {
            int old = Raw.loadIntVolatile(host);
            if (Raw.swapIfEqualInt(host, old, combined(op, old, operand))) {
                return old;
            }
        }
    }

    private static long doublewordLoop(int op, long host, long operand) {
        while (true) {
            long old = Raw.loadLongVolatile(host);
            if (Raw.swapIfEqualLong(host, old, combined(op, old, operand))) {
                return old;
            }
        }
    }

    /// An AMO while no other hart runs; returns the old value. A device's thread never updates a word that it shares with the
    /// guest's atomic instructions, so that the host's need not be paid for.
    static long wordAlone(int op, long host, int operand) {
        int old = Raw.loadInt(host);
        Raw.storeInt(host, combined(op, old, operand));
        return old;
    }

    /// An AMO while no other hart runs; returns the old value.
    static long doublewordAlone(int op, long host, long operand) {
        long old = Raw.loadLong(host);
        Raw.storeLong(host, combined(op, old, operand));
        return old;
    }

    private static int combined(int op, int old, int operand) {
        return switch (op) {
            case Op.AMOSWAP_W -> operand;
            case Op.AMOADD_W -> old + operand;
            case Op.AMOXOR_W -> old ^ operand;
            case Op.AMOAND_W -> old & operand;
            case Op.AMOOR_W -> old | operand;
            case Op.AMOMIN_W -> Math.min(old, operand);
            case Op.AMOMAX_W -> Math.max(old, operand);
            case Op.AMOMINU_W -> Integer.compareUnsigned(old, operand) <= 0 ? old : operand;
            case Op.AMOMAXU_W -> Integer.compareUnsigned(old, operand) >= 0 ? old : operand;
            default -> throw new IllegalStateException("not an atomic operation: " + op);
        };
    }

    private static long combined(int op, long old, long operand) {
        return switch (op) {
            case Op.AMOSWAP_D -> operand;
            case Op.AMOADD_D -> old + operand;
            case Op.AMOXOR_D -> old ^ operand;
            case Op.AMOAND_D -> old & operand;
            case Op.AMOOR_D -> old | operand;
            case Op.AMOMIN_D -> Math.min(old, operand);
            case Op.AMOMAX_D -> Math.max(old, operand);
            case Op.AMOMINU_D -> Long.compareUnsigned(old, operand) <= 0 ? old : operand;
            case Op.AMOMAXU_D -> Long.compareUnsigned(old, operand) >= 0 ? old : operand;
            default -> throw new IllegalStateException("not an atomic operation: " + op);
        };
    }
}
