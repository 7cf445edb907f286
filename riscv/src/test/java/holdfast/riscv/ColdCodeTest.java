package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What is executed once and never again does not stay decoded for ever, and dropping it is not noticed.
class ColdCodeTest {
    private static final int PAGES = 12_000;
    private static final int KEPT_MAX = 6_000;
    private static final long FIRST = Bare.BASE + PhysicalMemory.PAGE_BYTES;
    private static final int SUM = 10;

    private final PhysicalMemory memory =
            new PhysicalMemory(Arena.ofAuto().allocate((PAGES + 2L) * PhysicalMemory.PAGE_BYTES, 4096), Bare.BASE);
    private final Hart hart = new Hart(0, memory, new Bare.TestBus(), new Bare.TestTime());

    /// A function in each page, and at the start of RAM a loop that calls them one after the other.
    @BeforeEach
    void programs() throws BusFault {
        for (int page = 0; page < PAGES; page++) {
            long function = FIRST + (long) page * PhysicalMemory.PAGE_BYTES;
            memory.store32(function, Instructions.assemble("addi", SUM, SUM, 1));
            memory.store32(function + 4, Instructions.assemble("jalr", 0, 0, 1));
        }
        memory.store32(Bare.BASE, Instructions.assemble("jalr", 1, 0, 5));
        memory.store32(Bare.BASE + 4, Instructions.assemble("add", 5, 5, 6));
        memory.store32(Bare.BASE + 8, Instructions.assemble("jal", 0, -8));
        hart.reset(Bare.BASE, Privilege.MACHINE);
        hart.x(5, FIRST);
        hart.x(6, PhysicalMemory.PAGE_BYTES);
    }

    @Test
    void decodedPagesAreBounded() {
        hart.run(5L * PAGES);

        assertThat(hart.x(SUM)).isEqualTo(PAGES);
        assertThat(memory.codePages()).isLessThan(KEPT_MAX);
    }

    @Test
    void aPageThatWasDroppedIsExecutedAsItIsNow() throws BusFault {
        hart.run(5L * PAGES);
        memory.store32(FIRST, Instructions.assemble("addi", SUM, SUM, 100));
        hart.synchronizeFetch();
        hart.pc(Bare.BASE);
        hart.x(5, FIRST);

        hart.run(5);

        assertThat(hart.x(SUM)).isEqualTo(PAGES + 100);
    }
}
