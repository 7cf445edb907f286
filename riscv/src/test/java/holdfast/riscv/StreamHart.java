package holdfast.riscv;

import holdfast.riscv.StreamOutcome.Registers;
import holdfast.riscv.StreamOutcome.TrapRecord;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Runs instruction streams in user mode on a hart of ours. Traps go to supervisor mode, whose only instruction is an
/// `ecall`; its handler, which is us, records the trap and goes on behind the instruction.
final class StreamHart {
    private static final long RAM = 0x4000_0000L;
    private static final int RAM_BYTES = 4 << 20;
    private static final long TRAP_VECTOR = RAM;
    private static final long ROOT_TABLE = RAM + 0x1000;
    private static final long MIDDLE_TABLE = RAM + 0x2000;
    private static final long LEAF_TABLES = RAM + 0x3000;

    /// Behind page tables a page is not where its address says.
    private static final long SCATTER = 0x8_0000L;

    private static final long INSTRUCTIONS_MAX = 1_000_000;
    private static final long FLOAT_ON = 3L << 13;
    private static final long SV39 = 8L << 60;
    private static final int V = 1;
    private static final int R = 2;
    private static final int W = 4;
    private static final int X = 8;
    private static final int U = 16;

    private final PhysicalMemory memory = new PhysicalMemory(Arena.ofAuto().allocate(RAM_BYTES, 4096), RAM);
    private final Hart hart = new Hart(0, memory, new Bare.TestBus(), new Bare.TestTime());
    private final List<TrapRecord> traps = new ArrayList<>();
    private boolean ended;
    private long end;

    StreamHart() {
        hart.supervisorCalls(caller -> trapped());
        try {
            memory.store32(TRAP_VECTOR, Instructions.assemble("ecall"));
            memory.store64(ROOT_TABLE + 8 * (RAM >>> 30), pointer(MIDDLE_TABLE));
            memory.store64(MIDDLE_TABLE, pointer(LEAF_TABLES));
            memory.store64(MIDDLE_TABLE + 8, pointer(LEAF_TABLES + 0x1000));
            map(TRAP_VECTOR, TRAP_VECTOR, 4096, R | X);
            map(StreamLayout.CODE, StreamLayout.CODE ^ SCATTER, StreamLayout.CODE_BYTES, R | X | U);
            map(StreamLayout.DATA, StreamLayout.DATA ^ SCATTER, StreamLayout.DATA_BYTES, R | W | U);
            map(StreamLayout.COUNTERS, StreamLayout.COUNTERS ^ SCATTER, 4096, R | W | U);
        } catch (BusFault outside) {
            throw new IllegalStateException(outside);
        }
    }

    private static long pointer(long table) {
        return table >>> 12 << 10 | V;
    }

    private void map(long from, long to, int bytes, int rights) throws BusFault {
        for (int offset = 0; offset < bytes; offset += 4096) {
            long entry = LEAF_TABLES + ((from + offset - RAM >>> 12) << 3);
            memory.store64(entry, pointer(to + offset) | rights);
        }
    }

    /// Has the streams that follow translated.
    StreamHart translated(Translator translator) {
        hart.translator(translator);
        return this;
    }

    /// How many instructions all streams have retired.
    long retired() {
        return hart.retired();
    }

    /// @param slices how long the hart is run at a time, which must not matter
    StreamOutcome run(InstructionStream stream, SplittableRandom slices) {
        try {
            return runChecked(stream, slices);
        } catch (BusFault outside) {
            throw new IllegalStateException(outside);
        }
    }

    private StreamOutcome runChecked(InstructionStream stream, SplittableRandom slices) throws BusFault {
        long scatter = stream.translated() ? SCATTER : 0;
        byte[] code = stream.code().image();
        memory.write(stream.start() ^ scatter, code, 0, code.length);
        byte[] data = stream.data();
        memory.write(StreamLayout.DATA ^ scatter, data, 0, data.length);
        start(stream);
        long limit = hart.retired() + INSTRUCTIONS_MAX;
        while (!ended && hart.retired() < limit) {
            hart.run(slices.nextInt(4) == 0 ? 1 + slices.nextInt(20) : 5000);
        }
        memory.read(StreamLayout.DATA ^ scatter, data, 0, data.length);
        long[] x = new long[32];
        long[] f = new long[32];
        for (int i = 0; i < 32; i++) {
            x[i] = hart.x(i);
            f[i] = hart.f(i);
        }
        var registers = new Registers(ended ? hart.csr(Csr.SEPC) : hart.pc(), x, f, hart.csr(Csr.FCSR));
        return new StreamOutcome(List.copyOf(traps), registers, data, !ended);
    }

    private void start(InstructionStream stream) {
        traps.clear();
        ended = false;
        end = stream.end();
        Registers initial = stream.registers();
        hart.reset(stream.start(), Privilege.USER);
        hart.state.write(Csr.MSTATUS, FLOAT_ON);
        hart.state.write(Csr.STVEC, TRAP_VECTOR);
        hart.state.write(Csr.SATP, stream.translated() ? SV39 | ROOT_TABLE >>> 12 : 0);
        hart.state.write(Csr.FCSR, initial.fcsr());
        for (int i = 0; i < 32; i++) {
            hart.x(i, initial.x()[i]);
            hart.f(i, initial.f()[i]);
        }
    }

    private void trapped() {
        long pc = hart.csr(Csr.SEPC);
        if (pc == end || traps.size() == StreamLayout.TRAPS_MAX) {
            ended = true;
            hart.request();
            return;
        }
        int cause = (int) hart.csr(Csr.SCAUSE);
        int signal = signal(cause);
        boolean addressed = signal == TrapRecord.SIGSEGV || signal == TrapRecord.SIGBUS;
        traps.add(new TrapRecord(signal, pc, addressed ? hart.csr(Csr.STVAL) : 0));
        boolean inside = pc >= StreamLayout.CODE && pc < StreamLayout.CODE + StreamLayout.CODE_BYTES;
        // What jumps outside links in ra.
        hart.pc(inside ? pc + length(pc) : hart.x(1));
        hart.state.mode = Privilege.USER;
        hart.mmu.select();
    }

    private int length(long pc) {
        try {
            boolean translated = hart.csr(Csr.SATP) != 0;
            return Instructions.isCompressed(memory.load16(translated ? pc ^ SCATTER : pc)) ? 2 : 4;
        } catch (BusFault outside) {
            throw new IllegalStateException(outside);
        }
    }

    private static int signal(int cause) {
        return switch (cause) {
            case Trap.ILLEGAL_INSTRUCTION -> TrapRecord.SIGILL;
            case Trap.BREAKPOINT -> TrapRecord.SIGTRAP;
            case Trap.LOAD_MISALIGNED, Trap.STORE_MISALIGNED -> TrapRecord.SIGBUS;
            case Trap.FETCH_ACCESS, Trap.LOAD_ACCESS, Trap.STORE_ACCESS, Trap.FETCH_PAGE, Trap.LOAD_PAGE,
                    Trap.STORE_PAGE -> TrapRecord.SIGSEGV;
            default -> throw new IllegalStateException("user mode cannot have raised exception " + cause);
        };
    }
}
