package holdfast.riscv;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// A hart with 1 MiB of RAM and nothing else, and a program put together instruction by instruction.
final class Bare {
    static final long BASE = 0x8000_0000L;
    static final int RAM_BYTES = 1 << 20;

    final PhysicalMemory memory =
            new PhysicalMemory(Arena.ofAuto().allocate(RAM_BYTES, 4096), BASE);
    final TestBus bus = new TestBus();
    final TestTime time = new TestTime();
    final Hart hart = new Hart(0, memory, bus, time);
    private final List<Integer> program = new ArrayList<>();

    /// Set while a test is repeated with all its code translated.
    static final String TRANSLATE = "holdfast.translate";

    Bare() {
        if (Boolean.getBoolean(TRANSLATE)) {
            hart.translator(Translator.eager(() -> true));
        }
    }

    /// Time is the number of instructions retired, one tick each, so that timers are exact.
    static final class TestTime implements TimeSource {
        /// How long a hart may go without looking up; short when others wait for it.
        long sliceInstructions = Long.MAX_VALUE;

        @Override
        public long ticks(long retired) {
            return retired;
        }

        @Override
        public long instructionsUntil(long deadlineTicks, long retired) {
            return Math.clamp(deadlineTicks - retired, 1, sliceInstructions);
        }
    }

    /// Remembers what was stored where; answers loads with what a test has put there.
    static final class TestBus implements Bus {
        final List<String> stores = new ArrayList<>();
        final java.util.Map<Long, Long> registers = new java.util.HashMap<>();
        Runnable onAccess = () -> {};

        @Override
        public long load(long physicalAddress, int bytes) throws BusFault {
            Long value = registers.get(physicalAddress);
            if (value == null) {
                throw BusFault.UNMAPPED;
            }
            onAccess.run();
            return value;
        }

        @Override
        public void store(long physicalAddress, int bytes, long value) throws BusFault {
            if (!registers.containsKey(physicalAddress)) {
                throw BusFault.UNMAPPED;
            }
            stores.add(Long.toHexString(physicalAddress) + "/" + bytes + "=" + Long.toHexString(value));
            onAccess.run();
        }
    }

    /// Appends an instruction to the program.
    Bare emit(String name, int... operands) {
        program.add(Instructions.assemble(name, operands));
        return this;
    }

    /// Replaces an instruction emitted earlier, for jumps forward.
    Bare replace(long address, String name, int... operands) {
        program.set((int) (address - BASE) / 4, Instructions.assemble(name, operands));
        return this;
    }

    /// Address of the next instruction to be emitted.
    long here() {
        return BASE + 4L * program.size();
    }

    /// Loads a 64-bit constant with the shortest general sequence of `lui`, `addi` and shifts.
    Bare load(int register, long value) {
        if (value == (int) value) {
            int low = (int) value << 20 >> 20;
            int high = (int) value - low;
            emit("lui", register, high);
            return emit("addiw", register, register, low);
        }
        int low = (int) (value << 52 >> 52);
        load(register, value - low >> 12);
        emit("slli", register, register, 12);
        return emit("addi", register, register, low);
    }

    /// Puts the program at the start of RAM and the hart at its entry.
    Bare start(Privilege mode) {
        try {
            for (int i = 0; i < program.size(); i++) {
                memory.store32(BASE + 4L * i, program.get(i));
            }
        } catch (BusFault outside) {
            throw new IllegalStateException("program larger than RAM", outside);
        }
        hart.reset(BASE, mode);
        hart.synchronizeFetch();
        return this;
    }

    Bare run(long instructions) {
        hart.run(instructions);
        return this;
    }
}
