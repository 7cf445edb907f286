package holdfast.riscv;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// A hart's privileged architectural state: mode, CSRs, trap entry and return, interrupt selection.
///
/// Privileged specification, chapters 3 and 4. No field is optional: what this hart does not implement is hardwired
/// to a value the specification allows.
final class PrivilegedState {
    // mstatus fields
    private static final long SIE = 1L << 1;
    private static final long MIE = 1L << 3;
    private static final long SPIE = 1L << 5;
    private static final long MPIE = 1L << 7;
    private static final long SPP = 1L << 8;
    private static final int MPP_SHIFT = 11;
    private static final long MPP = 3L << MPP_SHIFT;
    private static final long FS = 3L << 13;
    private static final long MPRV = 1L << 17;
    private static final long SUM = 1L << 18;
    private static final long MXR = 1L << 19;
    private static final long TVM = 1L << 20;
    private static final long TW = 1L << 21;
    private static final long TSR = 1L << 22;
    private static final long XLEN_64 = 2L << 32 | 2L << 34;
    private static final long SD = 1L << 63;
    private static final long MSTATUS_WRITABLE =
            SIE | MIE | SPIE | MPIE | SPP | MPP | FS | MPRV | SUM | MXR | TVM | TW | TSR;
    private static final long SSTATUS_WRITABLE = SIE | SPIE | SPP | FS | SUM | MXR;
    private static final long SSTATUS_READABLE = SSTATUS_WRITABLE | 3L << 32 | SD;

    // Interrupts, as bits of mip and mie
    static final long SSI = 1 << 1;
    static final long MSI = 1 << 3;
    static final long STI = 1 << 5;
    static final long MTI = 1 << 7;
    static final long SEI = 1 << 9;
    static final long MEI = 1 << 11;
    private static final long INTERRUPTS = SSI | MSI | STI | MTI | SEI | MEI;
    private static final long SUPERVISOR_INTERRUPTS = SSI | STI | SEI;
    private static final int[] INTERRUPT_PRIORITY = {11, 3, 7, 9, 1, 5};
    private static final long INTERRUPT = 1L << 63;

    private static final long DELEGABLE = 0xb3ff;
    private static final long COUNTERS = 7;
    private static final long STCE = 1L << 63;
    private static final long FIOM = 1;
    private static final long ISA =
            2L << 62 | bit('B') | bit('I') | bit('M') | bit('A') | bit('F') | bit('D') | bit('C') | bit('S') | bit('U');

    private static final long SATP_MODE_SV39 = 8;

    Privilege mode = Privilege.MACHINE;
    final Pmp pmp = new Pmp();
    final Fcsr fcsr = new Fcsr();

    private final Hart hart;

    private long mstatus;
    private long medeleg;
    private long mideleg;
    private long mie;
    private long mtvec;
    private long mcounteren;
    private long menvcfg;
    private long mscratch;
    private long mepc;
    private long mcause;
    private long mtval;
    private long stvec;
    private long scounteren;
    private long senvcfg;
    private long sscratch;
    private long sepc;
    private long scause;
    private long stval;
    private long satp;
    private long stimecmp;

    /// MTIMECMP of the CLINT; any hart may set it.
    private volatile long mtimecmp;

    /// STIP and SEIP as M-mode software has set them.
    private long softwarePending;

    private long cycleOffset;
    private long instretOffset;

    PrivilegedState(Hart hart) {
        this.hart = hart;
    }

    private static long bit(char extension) {
        return 1L << extension - 'A';
    }

    void reset(Privilege startMode) {
        mode = startMode;
        pmp.reset();
        fcsr.flags = 0;
        fcsr.rounding = 0;
        mstatus = XLEN_64;
        medeleg = 0;
        mideleg = 0;
        mie = 0;
        mtvec = 0;
        mcounteren = 0;
        menvcfg = 0;
        mscratch = 0;
        mepc = 0;
        mcause = 0;
        mtval = 0;
        stvec = 0;
        scounteren = 0;
        senvcfg = 0;
        sscratch = 0;
        sepc = 0;
        scause = 0;
        stval = 0;
        satp = 0;
        stimecmp = Long.MAX_VALUE;
        mtimecmp = Long.MAX_VALUE;
        softwarePending = 0;
        cycleOffset = 0;
        instretOffset = 0;
        if (startMode != Privilege.MACHINE) {
            delegateToSupervisor();
        }
    }

    /// What firmware sets up before it enters a supervisor.
    private void delegateToSupervisor() {
        medeleg = DELEGABLE & ~(1L << Trap.ECALL_S);
        mideleg = SUPERVISOR_INTERRUPTS;
        mcounteren = COUNTERS;
        scounteren = COUNTERS; // Linux leaves it as it finds it, and its vDSO reads `time` in user mode
        menvcfg = STCE;
        pmp.allowAll();
    }

    // ---- what the memory unit asks

    Privilege dataMode() {
        return mode == Privilege.MACHINE && (mstatus & MPRV) != 0
                ? Privilege.of((int) ((mstatus & MPP) >>> MPP_SHIFT))
                : mode;
    }

    boolean userMemoryAccess() {
        return (mstatus & SUM) != 0;
    }

    boolean executableReadable() {
        return (mstatus & MXR) != 0;
    }

    boolean translates() {
        return satp >>> 60 == SATP_MODE_SV39;
    }

    int asid() {
        return (int) (satp >>> 44) & 0xffff;
    }

    long rootTable() {
        return (satp & (1L << 44) - 1) << 12;
    }

    // ---- floating point

    boolean floatEnabled() {
        return (mstatus & FS) != 0;
    }

    boolean floatIsDirty() {
        return (mstatus & FS) == FS;
    }

    void floatDirty() {
        mstatus |= FS;
    }

    // ---- interrupts and time

    boolean supervisorTimerEnabled() {
        return (menvcfg & STCE) != 0;
    }

    void machineTimer(long deadlineTicks) {
        mtimecmp = deadlineTicks;
    }

    void supervisorTimer(long deadlineTicks) {
        stimecmp = deadlineTicks;
    }

    /// mip, as it reads at `now` (ticks).
    long pending(long now) {
        long bits = softwarePending | hart.lines();
        if (Long.compareUnsigned(now, mtimecmp) >= 0) {
            bits |= MTI;
        }
        if (supervisorTimerEnabled()) {
            bits = Long.compareUnsigned(now, stimecmp) >= 0 ? bits | STI : bits & ~STI;
        }
        return bits;
    }

    /// Whether an interrupt that is enabled in mie is pending, which ends `wfi` whatever the global enables say.
    boolean wakeable(long now) {
        return (pending(now) & mie) != 0;
    }

    /// The earliest moment after `now` at which a timer becomes pending.
    long timerDeadline(long now) {
        long deadline = Long.MAX_VALUE;
        if (Long.compareUnsigned(mtimecmp, now) > 0 && (mie & MTI) != 0) {
            deadline = earlier(deadline, mtimecmp);
        }
        if (supervisorTimerEnabled() && Long.compareUnsigned(stimecmp, now) > 0 && (mie & STI) != 0) {
            deadline = earlier(deadline, stimecmp);
        }
        return deadline;
    }

    private static long earlier(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? a : b;
    }

    /// Takes the pending interrupt of highest priority, if one is enabled.
    void takeInterrupt(long now) {
        long takeable = takeable(now);
        if (takeable != 0) {
            hart.counters.interrupts++;
            enter(first(takeable), true, 0);
        }
    }

    /// The pending interrupts, as bits of mip, of which one has to be taken now.
    long takeable(long now) {
        long candidates = pending(now) & mie;
        if (candidates == 0) {
            return 0;
        }
        long forMachine = candidates & ~mideleg;
        if (forMachine != 0 && (mode != Privilege.MACHINE || (mstatus & MIE) != 0)) {
            return forMachine;
        }
        return mode == Privilege.USER || mode == Privilege.SUPERVISOR && (mstatus & SIE) != 0 ? candidates & mideleg : 0;
    }

    /// Whether supervisor interrupts are enabled now and were not when sstatus had this value.
    boolean enabledSince(long oldStatus) {
        return (mstatus & ~oldStatus & SIE) != 0;
    }

    private static int first(long interrupts) {
        for (int number : INTERRUPT_PRIORITY) {
            if ((interrupts & 1L << number) != 0) {
                return number;
            }
        }
        throw new IllegalStateException("no interrupt in " + Long.toHexString(interrupts));
    }

    // ---- traps

    /// Enters the handler of an exception or interrupt; the hart's pc is the trapped instruction.
    void enter(int cause, boolean interrupt, long value) {
        long delegated = interrupt ? mideleg : medeleg;
        long code = interrupt ? cause | INTERRUPT : cause;
        if (mode != Privilege.MACHINE && (delegated >>> cause & 1) != 0) {
            sepc = hart.pc();
            scause = code;
            stval = value;
            mstatus = mstatus & ~(SPIE | SPP | SIE) | ((mstatus & SIE) != 0 ? SPIE : 0) | (mode == Privilege.USER ? 0 : SPP);
            mode = Privilege.SUPERVISOR;
            hart.pc(vector(stvec, cause, interrupt));
        } else {
            mepc = hart.pc();
            mcause = code;
            mtval = value;
            mstatus =
                    mstatus & ~(MPIE | MPP | MIE)
                            | ((mstatus & MIE) != 0 ? MPIE : 0)
                            | (long) mode.encoding() << MPP_SHIFT;
            mode = Privilege.MACHINE;
            hart.pc(vector(mtvec, cause, interrupt));
        }
        hart.mmu.select();
    }

    private static long vector(long tvec, int cause, boolean interrupt) {
        return (tvec & ~3) + (interrupt && (tvec & 1) != 0 ? 4L * cause : 0);
    }

    /// @return false when the instruction is illegal here
    boolean returnFromSupervisor() {
        if (mode == Privilege.USER || mode == Privilege.SUPERVISOR && (mstatus & TSR) != 0) {
            return false;
        }
        mode = (mstatus & SPP) != 0 ? Privilege.SUPERVISOR : Privilege.USER;
        mstatus = mstatus & ~(SIE | SPP | MPRV) | ((mstatus & SPIE) != 0 ? SIE : 0) | SPIE;
        hart.pc(sepc);
        hart.mmu.select();
        return true;
    }

    /// @return false when the instruction is illegal here
    boolean returnFromMachine() {
        if (mode != Privilege.MACHINE) {
            return false;
        }
        mode = Privilege.of((int) ((mstatus & MPP) >>> MPP_SHIFT));
        mstatus = mstatus & ~(MIE | MPP) | ((mstatus & MPIE) != 0 ? MIE : 0) | MPIE;
        if (mode != Privilege.MACHINE) {
            mstatus &= ~MPRV;
        }
        hart.pc(mepc);
        hart.mmu.select();
        return true;
    }

    boolean mayWait() {
        return mode == Privilege.MACHINE || mode == Privilege.SUPERVISOR && (mstatus & TW) == 0;
    }

    boolean mayFenceTranslations() {
        return mode == Privilege.MACHINE || mode == Privilege.SUPERVISOR && (mstatus & TVM) == 0;
    }

    // ---- CSRs

    /// Whether the CSR exists and this mode may access it, before read-only is considered.
    boolean accessible(int csr, boolean write) {
        if (mode.encoding() < (csr >>> 8 & 3) || write && csr >>> 10 == 3) {
            return false;
        }
        return switch (csr) {
            case Csr.FFLAGS, Csr.FRM, Csr.FCSR -> floatEnabled();
            case Csr.CYCLE, Csr.TIME, Csr.INSTRET -> counterEnabled(csr - Csr.CYCLE);
            case Csr.SATP -> mayFenceTranslations();
            case Csr.STIMECMP ->
                    mode == Privilege.MACHINE || supervisorTimerEnabled() && (mcounteren & 2) != 0;
            case Csr.SSTATUS, Csr.SIE, Csr.STVEC, Csr.SCOUNTEREN, Csr.SENVCFG, Csr.SSCRATCH, Csr.SEPC, Csr.SCAUSE, Csr.STVAL,
                    Csr.SIP, Csr.MSTATUS, Csr.MISA, Csr.MEDELEG, Csr.MIDELEG, Csr.MIE, Csr.MTVEC, Csr.MCOUNTEREN, Csr.MENVCFG,
                    Csr.MCOUNTINHIBIT, Csr.MSCRATCH, Csr.MEPC, Csr.MCAUSE, Csr.MTVAL, Csr.MIP, Csr.MCYCLE, Csr.MINSTRET,
                    Csr.MVENDORID, Csr.MARCHID, Csr.MIMPID, Csr.MHARTID, Csr.MCONFIGPTR -> true;
            default -> inRange(csr, Csr.PMPADDR0, Csr.PMPADDR63)
                    || inRange(csr, Csr.PMPCFG0, Csr.PMPCFG15) && (csr & 1) == 0
                    || inRange(csr, Csr.MHPMCOUNTER3, Csr.MHPMCOUNTER31)
                    || inRange(csr, Csr.MHPMEVENT3, Csr.MHPMEVENT31)
                    || inRange(csr, Csr.HPMCOUNTER3, Csr.HPMCOUNTER31) && counterEnabled(csr - Csr.CYCLE)
                    || inRange(csr, Csr.TSELECT, Csr.TDATA3);
        };
    }

    private static boolean inRange(int csr, int first, int last) {
        return csr >= first && csr <= last;
    }

    private boolean counterEnabled(int counter) {
        long enabled =
                switch (mode) {
                    case MACHINE -> -1L;
                    case SUPERVISOR -> mcounteren;
                    case USER -> mcounteren & scounteren;
                };
        return (enabled >>> counter & 1) != 0;
    }

    /// Reads a CSR that is accessible.
    long read(int csr) {
        return switch (csr) {
            case Csr.FFLAGS -> fcsr.flags;
            case Csr.FRM -> fcsr.rounding;
            case Csr.FCSR -> fcsr.rounding << 5 | fcsr.flags;
            case Csr.CYCLE, Csr.MCYCLE -> hart.retired() + cycleOffset;
            case Csr.TIME -> hart.ticks();
            case Csr.INSTRET, Csr.MINSTRET -> hart.retired() + instretOffset;
            case Csr.SSTATUS -> statusWithSummary() & SSTATUS_READABLE;
            case Csr.SIE -> mie & mideleg;
            case Csr.STVEC -> stvec;
            case Csr.SCOUNTEREN -> scounteren;
            case Csr.SENVCFG -> senvcfg;
            case Csr.SSCRATCH -> sscratch;
            case Csr.SEPC -> sepc;
            case Csr.SCAUSE -> scause;
            case Csr.STVAL -> stval;
            case Csr.SIP -> pending(hart.ticks()) & mideleg;
            case Csr.STIMECMP -> stimecmp;
            case Csr.SATP -> satp;
            case Csr.MSTATUS -> statusWithSummary();
            case Csr.MISA -> ISA;
            case Csr.MEDELEG -> medeleg;
            case Csr.MIDELEG -> mideleg;
            case Csr.MIE -> mie;
            case Csr.MTVEC -> mtvec;
            case Csr.MCOUNTEREN -> mcounteren;
            case Csr.MENVCFG -> menvcfg;
            case Csr.MSCRATCH -> mscratch;
            case Csr.MEPC -> mepc;
            case Csr.MCAUSE -> mcause;
            case Csr.MTVAL -> mtval;
            case Csr.MIP -> pending(hart.ticks());
            case Csr.MHARTID -> hart.id();
            default -> {
                if (inRange(csr, Csr.PMPCFG0, Csr.PMPCFG15)) {
                    yield pmp.readConfig(csr - Csr.PMPCFG0);
                }
                // Identification, performance counters and triggers are hardwired to zero.
                yield inRange(csr, Csr.PMPADDR0, Csr.PMPADDR63) ? pmp.readAddress(csr - Csr.PMPADDR0) : 0;
            }
        };
    }

    private long statusWithSummary() {
        return mstatus | ((mstatus & FS) == FS ? SD : 0);
    }

    /// Writes a CSR that is accessible; bits that cannot be set keep a legal value.
    void write(int csr, long value) {
        switch (csr) {
            case Csr.FFLAGS -> {
                fcsr.flags = (int) value & 31;
                floatDirty();
            }
            case Csr.FRM -> {
                fcsr.rounding = (int) value & 7;
                floatDirty();
            }
            case Csr.FCSR -> {
                fcsr.flags = (int) value & 31;
                fcsr.rounding = (int) value >>> 5 & 7;
                floatDirty();
            }
            case Csr.MCYCLE -> cycleOffset = value - (hart.retired() + 1);
            case Csr.MINSTRET -> instretOffset = value - (hart.retired() + 1);
            case Csr.SSTATUS -> writeStatus(mstatus & ~SSTATUS_WRITABLE | value & SSTATUS_WRITABLE);
            case Csr.SIE -> mie = mie & ~mideleg | value & mideleg & INTERRUPTS;
            case Csr.STVEC -> stvec = value & ~2;
            case Csr.SCOUNTEREN -> scounteren = value & COUNTERS;
            case Csr.SENVCFG -> senvcfg = value & FIOM;
            case Csr.SSCRATCH -> sscratch = value;
            case Csr.SEPC -> sepc = value & ~1;
            case Csr.SCAUSE -> scause = value;
            case Csr.STVAL -> stval = value;
            case Csr.SIP -> writePending(value, SSI & mideleg);
            case Csr.STIMECMP -> stimecmp = value;
            case Csr.SATP -> writeTranslation(value);
            case Csr.MSTATUS -> writeStatus(value);
            case Csr.MEDELEG -> medeleg = value & DELEGABLE;
            case Csr.MIDELEG -> mideleg = value & SUPERVISOR_INTERRUPTS;
            case Csr.MIE -> mie = value & INTERRUPTS;
            case Csr.MTVEC -> mtvec = value & ~2;
            case Csr.MCOUNTEREN -> mcounteren = value & COUNTERS;
            case Csr.MENVCFG -> menvcfg = value & (STCE | FIOM);
            case Csr.MSCRATCH -> mscratch = value;
            case Csr.MEPC -> mepc = value & ~1;
            case Csr.MCAUSE -> mcause = value;
            case Csr.MTVAL -> mtval = value;
            case Csr.MIP -> writePending(value, SUPERVISOR_INTERRUPTS);
            default -> writeProtection(csr, value);
        }
    }

    private void writeStatus(long value) {
        long mpp = value & MPP;
        long legal = mpp == 2L << MPP_SHIFT ? mstatus & MPP : mpp;
        mstatus = value & MSTATUS_WRITABLE & ~MPP | legal | XLEN_64;
        hart.mmu.select();
    }

    private void writeTranslation(long value) {
        long wanted = value >>> 60;
        if (wanted == 0 || wanted == SATP_MODE_SV39) {
            satp = value;
            hart.mmu.select();
        }
    }

    private void writePending(long value, long writable) {
        setPending(value & writable, true);
        setPending(~value & writable, false);
    }

    /// Sets or clears the named bits of mip or sip, of those that the register can write, and no others.
    void changePending(int csr, long bits, boolean level) {
        setPending(bits & (csr == Csr.MIP ? SUPERVISOR_INTERRUPTS : SSI & mideleg), level);
    }

    private void setPending(long bits, boolean level) {
        if ((bits & SSI) != 0) {
            hart.interrupt(1, level);
        }
        long soft = bits & (SEI | (supervisorTimerEnabled() ? 0 : STI));
        softwarePending = level ? softwarePending | soft : softwarePending & ~soft;
    }

    private void writeProtection(int csr, long value) {
        if (inRange(csr, Csr.PMPCFG0, Csr.PMPCFG15)) {
            pmp.writeConfig(csr - Csr.PMPCFG0, value);
            hart.mmu.tlb.flush();
        } else if (inRange(csr, Csr.PMPADDR0, Csr.PMPADDR63)) {
            pmp.writeAddress(csr - Csr.PMPADDR0, value);
            hart.mmu.tlb.flush();
        }
    }

    // ---- saved state

    void save(DataOutput out) throws IOException {
        out.writeByte(mode.encoding());
        out.writeByte(fcsr.flags);
        out.writeByte(fcsr.rounding);
        for (long value : words()) {
            out.writeLong(value);
        }
        pmp.save(out);
    }

    private long[] words() {
        return new long[] {
            mstatus, medeleg, mideleg, mie, mtvec, mcounteren, menvcfg, mscratch, mepc, mcause, mtval, stvec, scounteren,
            senvcfg, sscratch, sepc, scause, stval, satp, stimecmp, mtimecmp, softwarePending, cycleOffset, instretOffset
        };
    }

    void restore(DataInput in) throws IOException {
        int savedMode = in.readUnsignedByte();
        if (savedMode == 2 || savedMode > 3) {
            throw new IOException("saved hart is in privilege mode " + savedMode + ", which does not exist");
        }
        mode = Privilege.of(savedMode);
        fcsr.flags = in.readUnsignedByte() & 31;
        fcsr.rounding = in.readUnsignedByte() & 7;
        mstatus = in.readLong();
        medeleg = in.readLong();
        mideleg = in.readLong();
        mie = in.readLong();
        mtvec = in.readLong();
        mcounteren = in.readLong();
        menvcfg = in.readLong();
        mscratch = in.readLong();
        mepc = in.readLong();
        mcause = in.readLong();
        mtval = in.readLong();
        stvec = in.readLong();
        scounteren = in.readLong();
        senvcfg = in.readLong();
        sscratch = in.readLong();
        sepc = in.readLong();
        scause = in.readLong();
        stval = in.readLong();
        satp = in.readLong();
        stimecmp = in.readLong();
        mtimecmp = in.readLong();
        softwarePending = in.readLong();
        cycleOffset = in.readLong();
        instretOffset = in.readLong();
        pmp.restore(in);
    }
}
