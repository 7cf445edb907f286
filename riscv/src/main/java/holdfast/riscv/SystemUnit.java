package holdfast.riscv;

/// System instructions: CSR access, environment calls and returns, fences, `wfi`.
final class SystemUnit {
    /// The operands of the fence that is the hint `pause`.
    static final int PAUSE = 0x010;


    /// Marks a trap whose value, the instruction's bits, has still to be read from memory.
    private static final long BITS_UNKNOWN = Long.MIN_VALUE;

    private SystemUnit() {}

    static Trap illegal(Hart h) {
        return h.trap().with(Trap.ILLEGAL_INSTRUCTION, BITS_UNKNOWN);
    }

    /// Completes the trap value of an illegal instruction; the hart's pc is at it.
    static void fillIllegal(Hart h, Trap trap) {
        if (trap.cause == Trap.ILLEGAL_INSTRUCTION && trap.value == BITS_UNKNOWN) {
            trap.value = h.mmu.instructionBits(h.pc()) & 0xffff_ffffL;
        }
    }

    /// @return whether the pass ends
    static boolean fence(Hart h, int operands) {
        if (operands == PAUSE) {
            return h.pause();
        }
        MemoryFence.of(operands).execute();
        return false;
    }

    /// Whether a CSR instruction writes the register.
    static boolean writesCsr(long d) {
        int op = Packed.op(d);
        return op == Op.CSRRW || op == Op.CSRRWI || Packed.rs1(d) != 0;
    }

    /// Executes a CSR instruction, with the hart's count of retired instructions exact. Asks for the end of the pass when an
    /// interrupt may have to be taken now or code be found elsewhere; the table for loads and stores may be another one.
    ///
    /// @param operand of the register named; ignored for the immediate forms
    /// @return what goes to rd
    static long csr(Hart h, long d, long operand) {
        int op = Packed.op(d);
        int csr = Packed.immediate(d);
        boolean immediate = op >= Op.CSRRWI;
        int kind = immediate ? op - Op.CSRRWI : op - Op.CSRRW;
        return csr(h, csr, kind, writesCsr(d), immediate ? Packed.rs1(d) : operand);
    }

    private static long csr(Hart h, int csr, int kind, boolean writes, long operand) {
        if (!h.state.accessible(csr, writes)) {
            throw illegal(h);
        }
        long old = h.state.read(csr);
        if (writes) {
            if (csr == Csr.MIP || csr == Csr.SIP) {
                writePending(h, csr, kind, operand);
            } else {
                h.state.write(
                        csr,
                        switch (kind) {
                            case 0 -> operand;
                            case 1 -> old | operand;
                            default -> old & ~operand;
                        });
            }
        }
        if (writes && endsPass(h, csr, old)) {
            h.endPass();
        }
        return old;
    }

    private static boolean endsPass(Hart h, int csr, long old) {
        return switch (csr) {
            case Csr.FFLAGS, Csr.FRM, Csr.FCSR, Csr.SSCRATCH, Csr.SEPC, Csr.SCAUSE, Csr.STVAL, Csr.STVEC -> false;
            case Csr.SSTATUS -> h.interruptWaits() && h.state.enabledSince(old);
            default -> true;
        };
    }

    /// Pending bits are set and cleared one by one: other harts set them meanwhile, and none of that may be lost.
    private static void writePending(Hart h, int csr, int kind, long operand) {
        switch (kind) {
            case 0 -> h.state.write(csr, operand);
            case 1 -> h.state.changePending(csr, operand, true);
            default -> h.state.changePending(csr, operand, false);
        }
    }

    /// Instructions that go somewhere else: the hart's pc is at them, and where to go on when this returns.
    static void transfer(Hart h, int op) {
        switch (op) {
            case Op.ECALL -> {
                if (!h.environmentCall()) {
                    throw h.trap().with(Trap.ECALL_U + h.state.mode.encoding(), 0);
                }
                h.endPass(); // firmware can do anything
            }
            case Op.EBREAK -> throw h.trap().with(Trap.BREAKPOINT, h.pc());
            case Op.SRET -> {
                if (!h.state.returnFromSupervisor()) {
                    throw illegal(h);
                }
                endIfInterruptWaits(h);
            }
            default -> {
                if (!h.state.returnFromMachine()) {
                    throw illegal(h);
                }
                endIfInterruptWaits(h);
            }
        }
    }

    private static void endIfInterruptWaits(Hart h) {
        if (h.interruptWaits()) {
            h.endPass();
        }
    }

    static void local(Hart h, long d) {
        switch (Packed.op(d)) {
            case Op.WFI -> {
                if (!h.state.mayWait()) {
                    throw illegal(h);
                }
                h.await();
            }
            case Op.FENCE_I -> h.synchronizeFetch();
            default -> fenceTranslations(h, d, h.x[Packed.rs1(d)], h.x[Packed.rs2(d)]);
        }
    }

    /// `sfence.vma`: exactly what it names, by address and by address space.
    ///
    /// @param address of the first register named
    /// @param space of the second
    static void fenceTranslations(Hart h, long d, long address, long space) {
        if (!h.state.mayFenceTranslations()) {
            throw illegal(h);
        }
        boolean everywhere = Packed.rs1(d) == 0;
        boolean everySpace = Packed.rs2(d) == 0;
        int asid = (int) space & 0xffff;
        if (everywhere && everySpace) {
            h.mmu.tlb.flush();
        } else if (everywhere) {
            h.mmu.tlb.flushSpace(asid);
        } else if (everySpace) {
            h.mmu.tlb.flushAddress(address);
        } else {
            h.mmu.tlb.flushAddress(address, asid);
        }
    }
}
