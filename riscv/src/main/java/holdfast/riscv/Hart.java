package holdfast.riscv;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One hardware thread: RV64GC with Zicsr, Zifencei, Zicntr and Sstc; modes M, S and U; Sv39 with ASIDs; PMP.
///
/// A hart runs on whatever thread calls [#run], one at a time. Unless a method says that it is thread-safe, call it on
/// that thread or while the hart does not run.
public final class Hart {
    private static final int STATE_VERSION = 1;
    private static final long NO_RESERVATION = -1;
    private static final long SLICE_MAX = 1 << 30;
    private static final int PAUSES_PER_YIELD = 64;

    /// What the end of a slice counts for beside the entry of a region.
    private static final int SLICE_SAMPLES = 3;

    /// As many as a region has.
    private static final long EDGE_INSTRUCTIONS = 200;

    /// Integer registers; the slot [Packed#DISCARD] takes what is written to x0.
    final long[] x = new long[Packed.DISCARD + 1];

    /// Floating-point registers, single precision NaN-boxed.
    final long[] f = new long[32];

    final PrivilegedState state;
    final Mmu mmu;
    final Mailbox mailbox = new Mailbox();
    final HartCounters counters = new HartCounters();

    private final int id;
    private final PhysicalMemory memory;
    private final TimeSource time;
    private final Trap trap = new Trap();
    private final Interpreter interpreter;
    private final AtomicInteger lines = new AtomicInteger();

    private @Nullable SupervisorCalls supervisorCalls;
    private volatile Runnable wake = () -> {};
    private volatile boolean attention;
    private volatile boolean requested;

    private long pc;
    private long retired;
    private boolean waiting;
    private boolean halted;
    private @Nullable Translator translator;
    private int hotJumps = Integer.MAX_VALUE;
    private boolean entersRegions = true;

    // How many regions had been replaced when caches of where regions are were emptied for the last time.
    private int replacements;

    // An instruction asked that interrupts be looked at before the next one.
    private boolean passEnds;

    // At the start of the slice an interrupt was pending that is enabled in mie but may not be taken. None can become
    // pending during the slice but through `attention`, so that enabling interrupts need not look at the time.
    private boolean interruptMasked;

    // Retired counts at which the current slice and the current call of run end.
    private long sliceEnd;
    private long runEnd;

    private long runStart;

    // Where translated code last left for a slow path: see Translated.
    private int site;

    private boolean pauseEndsRun;
    private boolean paused;
    private int pauses;
    private int fetchGeneration;

    // A handler whose first instruction traps into itself: only an interrupt can change anything, and until one comes
    // the hart passes time as if it were spinning, so that nobody waits for an instruction that never retires.
    private boolean livelocked;
    private long livelockPc;
    private long lastTrapRetired = -1;

    // LR/SC: host address, width and value of the reservation. SC compares and swaps with the value.
    private long reservedHost = NO_RESERVATION;
    private int reservedBytes;
    private long reservedValue;

    public Hart(int id, PhysicalMemory memory, Bus bus, TimeSource time) {
        this.id = id;
        this.memory = memory;
        this.time = time;
        this.state = new PrivilegedState(this);
        this.mmu = new Mmu(this, memory, bus, trap);
        this.interpreter = new Interpreter(this);
        memory.attach(this);
        reset(memory.base(), Privilege.MACHINE);
    }

    /// Who answers `ecall` from S-mode; null lets it trap into M-mode, where real firmware is.
    public void supervisorCalls(@Nullable SupervisorCalls calls) {
        supervisorCalls = calls;
    }

    /// Who translates this hart's hot code; null (as at first) leaves everything to the interpreter.
    public void translator(@Nullable Translator newTranslator) {
        translator = newTranslator;
        hotJumps = newTranslator == null ? Integer.MAX_VALUE : newTranslator.hotJumps();
    }

    /// To the state after power-on, at `startPc`. Started in S- or U-mode, the hart is as firmware would hand it over:
    /// traps and interrupts delegated, counters and the supervisor timer enabled, all memory accessible.
    public void reset(long startPc, Privilege mode) {
        Arrays.fill(x, 0);
        Arrays.fill(f, 0);
        state.reset(mode);
        lines.set(0);
        pc = startPc;
        waiting = false;
        halted = false;
        livelocked = false;
        reservedHost = NO_RESERVATION;
        mmu.tlb.flush();
        mmu.select();
    }

    // ---- running

    /// Runs at most `instructions` instructions; guest traps and interrupts are handled inside.
    ///
    /// Counts exactly: a trapping instruction does not retire, and when this returns [Exit#LIMIT] exactly
    /// `instructions` have retired since the call.
    public Exit run(long instructions) {
        long end = retired + instructions;
        runStart = retired;
        Translator available = translator;
        entersRegions = available == null || available.isEntered();
        mailbox.enter();
        try {
            while (true) {
                if (attention) {
                    attention = false;
                    mailbox.service();
                    if (requested) {
                        requested = false;
                        return Exit.REQUESTED;
                    }
                }
                mailbox.service();
                if (halted) {
                    return Exit.HALTED;
                }
                long now = ticks();
                if (waiting) {
                    if (!state.wakeable(now)) {
                        return Exit.WFI;
                    }
                    waiting = false;
                }
                state.takeInterrupt(now);
                if (retired >= end) {
                    paused = false;
                    return Exit.LIMIT;
                }
                if (paused) {
                    paused = false;
                    return Exit.PAUSE;
                }
                passEnds = false;
                interruptMasked = state.wakeable(now);
                long slice = time.instructionsUntil(state.timerDeadline(now), retired);
                runEnd = end;
                sliceEnd = Math.min(end, retired + Math.clamp(slice, 1, SLICE_MAX));
                if (livelocked && pc == livelockPc) {
                    retired = sliceEnd;
                    livelocked = false; // tried again when time has passed: another hart may have mended the handler
                } else {
                    interpreter.execute();
                }
            }
        } finally {
            mailbox.leave();
        }
    }

    /// Makes [#run] return at the next instruction boundary it looks at. Thread-safe.
    public void request() {
        requested = true;
        attention = true;
        wake.run();
    }

    /// Whether `pause` makes [#run] return right after it: whoever runs several harts on one thread lets another one go on.
    public void pauseEndsRun(boolean ends) {
        pauseEndsRun = ends;
    }

    /// `pause`: another hart has what this one waits for.
    ///
    /// @return whether the pass ends
    boolean pause() {
        if (pauseEndsRun) {
            paused = true;
            return true;
        }
        if (++pauses % PAUSES_PER_YIELD == 0) {
            Thread.yield(); // it may have no core to run on
        } else {
            Thread.onSpinWait();
        }
        return false;
    }

    /// Stops the hart until [#reset] (SBI hart stop).
    public void halt() {
        halted = true;
    }

    /// Undoes [#halt]: the hart goes on where it was stopped (SBI resume after a retentive suspend).
    public void proceed() {
        halted = false;
    }

    public boolean halted() {
        return halted;
    }

    /// Whether it executed `wfi` and has not been woken.
    public boolean waiting() {
        return waiting;
    }

    /// Is run, on any thread, when an interrupt line is raised or [#request] is called. Thread-safe.
    public void onWake(Runnable action) {
        wake = action;
    }

    // ---- interrupts and time

    /// Raises or lowers an interrupt from outside: 1 supervisor software (as an SBI IPI sets it), 3 machine software, 9
    /// supervisor external, 11 machine external. Thread-safe.
    public void interrupt(int cause, boolean level) {
        int bit = 1 << cause;
        if (level) {
            if ((lines.getAndUpdate(old -> old | bit) & bit) == 0) {
                attention = true;
                wake.run();
            }
        } else {
            lines.getAndUpdate(old -> old & ~bit);
        }
    }

    /// Whether an enabled interrupt is pending now, so that `wfi` ends. Thread-safe while the hart waits.
    public boolean wakeable() {
        return state.wakeable(ticks());
    }

    /// Earliest time, in ticks, at which the hart wakes by itself: now if an enabled interrupt is pending, else when a timer
    /// runs out, or [Long#MAX_VALUE] if none is armed and enabled. One look at the time, so that a timer that runs out
    /// meanwhile is not taken for one that has been seen to. Thread-safe while the hart waits.
    public long wakesAt() {
        long now = ticks();
        return state.wakeable(now) ? now : state.timerDeadline(now);
    }

    /// Sets MTIMECMP, in ticks. Thread-safe: another hart may set it while this one waits.
    public void machineTimer(long deadlineTicks) {
        state.machineTimer(deadlineTicks);
        attention = true;
        wake.run();
    }

    /// Sets STIMECMP, in ticks, as SBI's timer call does on the calling hart.
    public void supervisorTimer(long deadlineTicks) {
        state.supervisorTimer(deadlineTicks);
    }

    /// Has `fence` done by every target; returns when all have. On a hart's thread pass that hart as `self`, else null.
    /// Thread-safe.
    public static void fence(Iterable<Hart> targets, @Nullable Hart self, Fence fence) {
        for (Hart target : targets) {
            target.mailbox.call(() -> fence.apply(target), self);
        }
    }

    // ---- registers

    public int id() {
        return id;
    }

    /// Instructions retired since the machine was built or restored to a count.
    public long retired() {
        return retired;
    }

    public long pc() {
        return pc;
    }

    public void pc(long value) {
        pc = value;
    }

    public long x(int register) {
        return x[register];
    }

    public void x(int register, long value) {
        x[register == 0 ? Packed.DISCARD : register] = value;
    }

    public long f(int register) {
        return f[register];
    }

    public void f(int register, long value) {
        f[register] = value;
    }

    public Privilege mode() {
        return state.mode;
    }

    /// A CSR as M-mode would read it; 0 for one that does not exist. For debuggers and tests.
    public long csr(int number) {
        return state.read(number);
    }

    // ---- for the rest of the processor

    void retired(long count) {
        retired = count;
    }

    long sliceEnd() {
        return sliceEnd;
    }

    /// Whether translated code is executed where there is some.
    boolean entersRegions() {
        return entersRegions;
    }

    int hotJumps() {
        return hotJumps;
    }

    /// Whether an interrupt may be pending that could not be taken so far.
    boolean interruptWaits() {
        return interruptMasked || attention;
    }

    /// Has the pass end after the current instruction.
    void endPass() {
        passEnds = true;
    }

    boolean passEnds() {
        return passEnds;
    }

    /// Whether execution may go on in the handler just entered without looking at anything else.
    boolean goesOn() {
        return !livelocked && retired < sliceEnd && !attention;
    }

    /// A slot of a page has been jumped to often.
    ///
    /// @param left how many instructions are left of the slice
    void hot(CodePage page, int slot, long left) {
        Translator available = translator;
        if (available == null || isInterpretedAnyway(left) && !available.translatesAtOnce() || !available.request(page, slot)) {
            page.heat[slot] = 0;
        }
    }

    /// Near both ends of a turn translated code is interpreted up to where it can be entered, and from where it could run too
    /// far. In short turns that happens so often that every jump in a hot loop would count as hot, and have a region of its
    /// own.
    private boolean isInterpretedAnyway(long left) {
        return left < EDGE_INSTRUCTIONS || sliceEnd - left - runStart < EDGE_INSTRUCTIONS;
    }

    /// Translated code is about to do something that may trap or looks at the count of instructions.
    void at(int newSite, int left) {
        site = newSite;
        retired = sliceEnd - left + (newSite & 0xff);
    }

    int siteSlot() {
        return site >>> 8;
    }

    int siteRetired() {
        return site & 0xff;
    }

    /// Translated code has come near the end of its slice: makes the slice longer if nothing waits to be done, else ends it.
    ///
    /// @return how many instructions are left now
    int refill(int left, Region region) {
        retired = sliceEnd - left;
        if (attention || mailbox.pending() || isReplaced(region)) {
            return endSlice(left);
        }
        if (sliceEnd == runEnd) {
            return left; // at the end of a turn this is asked at every entry of a region
        }
        long now = ticks();
        if (state.takeable(now) != 0) {
            return endSlice(left);
        }
        interruptMasked |= state.wakeable(now);
        long slice = Math.clamp(time.instructionsUntil(state.timerDeadline(now), retired), 1, SLICE_MAX);
        long newEnd = Math.min(runEnd, retired + slice);
        if (newEnd > sliceEnd) {
            sliceEnd = newEnd;
        }
        return (int) (sliceEnd - retired);
    }

    /// Control was found in a region, or about to enter it.
    void sampled(Region region) {
        Translator available = translator;
        if (available != null) {
            available.sampled(region, 1);
        }
    }

    /// An access in a region that leaves on a miss has missed.
    void missed(Region region) {
        trap.with(Trap.MISS, 0);
        Translator available = translator;
        if (region.missed(retired) && available != null) {
            available.missing(region);
        }
    }

    /// Whether control should leave a region, in which a slice has ended, for the one that has taken its place.
    private boolean isReplaced(Region region) {
        Translator available = translator;
        if (available == null) {
            return false;
        }
        available.sampled(region, SLICE_SAMPLES);
        if (replacements != available.replacements()) {
            replacements = available.replacements();
            mmu.tlb.forgetJumps();
        }
        return region.replaced;
    }

    /// Ends the slice with so many left of it.
    ///
    /// @return 0, which is how many are left now
    int endSlice(int left) {
        sliceEnd -= left;
        retired = sliceEnd;
        return 0;
    }

    long ticks() {
        return time.ticks(retired);
    }

    int lines() {
        return lines.get();
    }

    boolean attention() {
        return attention;
    }

    Trap trap() {
        return trap;
    }

    /// Enters the guest's handler for the trap, at the current pc.
    void enter(Trap taken) {
        long from = pc;
        counters.traps[taken.cause]++;
        state.enter(taken.cause, false, taken.value);
        livelocked = pc == from && retired == lastTrapRetired;
        livelockPc = pc;
        lastTrapRetired = retired;
    }

    /// `wfi`.
    void await() {
        waiting = true;
    }

    /// `ecall`, with the pc at it. It retires only when the built-in firmware answers it.
    ///
    /// @return whether it was answered and execution goes on at the pc
    boolean environmentCall() {
        SupervisorCalls firmware = supervisorCalls;
        if (state.mode != Privilege.SUPERVISOR || firmware == null) {
            return false;
        }
        long at = pc;
        counters.firmwareCalls++;
        firmware.ecall(this);
        if (pc == at) {
            pc = at + 4;
        }
        return true;
    }

    /// `fence.i`: forgets where decoded code is if any was dropped since the last time.
    void synchronizeFetch() {
        int generation = memory.codeGeneration();
        if (generation != fetchGeneration) {
            fetchGeneration = generation;
            mmu.tlb.flushFetch();
        }
    }

    void flushTranslations() {
        mmu.tlb.flush();
    }

    void reserve(long host, int bytes, long value) {
        reservedHost = host;
        reservedBytes = bytes;
        reservedValue = value;
    }

    /// Gives up the reservation; whether it covered this location.
    boolean takeReservation(long host, int bytes) {
        boolean held = reservedHost == host && reservedBytes == bytes;
        reservedHost = NO_RESERVATION;
        return held;
    }

    long reservedValue() {
        return reservedValue;
    }

    // ---- saved state

    /// Writes everything architectural, its own version first.
    public void save(DataOutput out) throws IOException {
        out.writeInt(STATE_VERSION);
        out.writeLong(pc);
        out.writeLong(retired);
        out.writeBoolean(waiting);
        out.writeBoolean(halted);
        out.writeInt(lines.get());
        for (int i = 0; i < 32; i++) {
            out.writeLong(x[i]);
        }
        for (long value : f) {
            out.writeLong(value);
        }
        long reservation = reservedHost == NO_RESERVATION ? NO_RESERVATION : reservedHost - memory.hostAddress(memory.base());
        out.writeLong(reservation);
        out.writeInt(reservedBytes);
        out.writeLong(reservedValue);
        state.save(out);
    }

    /// Reads what [#save] wrote.
    ///
    /// @throws IOException when it is damaged or of a version this program does not know
    public void restore(DataInput in) throws IOException {
        int version = in.readInt();
        if (version != STATE_VERSION) {
            throw new IOException("saved hart has version " + version + ", this program reads " + STATE_VERSION);
        }
        pc = in.readLong();
        retired = in.readLong();
        counters.retiredBefore = retired;
        waiting = in.readBoolean();
        halted = in.readBoolean();
        lines.set(in.readInt());
        for (int i = 0; i < 32; i++) {
            x[i] = in.readLong();
        }
        x[0] = 0;
        for (int i = 0; i < f.length; i++) {
            f[i] = in.readLong();
        }
        long reservation = in.readLong();
        reservedBytes = in.readInt();
        reservedValue = in.readLong();
        boolean held = reservation >= 0 && reservation < memory.size() - 8;
        reservedHost = held ? reservation + memory.hostAddress(memory.base()) : NO_RESERVATION;
        state.restore(in);
        attention = true;
        mmu.tlb.flush();
        mmu.select();
    }
}
