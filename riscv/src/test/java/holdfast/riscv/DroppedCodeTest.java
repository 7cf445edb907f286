package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A store drops of a page's decoded and translated code just what it hits, whoever stores: the neighbours stay, and are not
/// translated anew.
class DroppedCodeTest {
    private static final int SUM = 10;
    private static final int CALLEE = 5;
    private static final int VALUE = 7;
    private static final int ADDRESS = 8;

    /// A page of two functions with data behind them.
    private static final long PAGE = Bare.BASE + 0x10000;

    private static final long ADDS_ONE = PAGE;
    private static final long ADDS_TEN = PAGE + 0x100;
    private static final long DATA = PAGE + 0x800;
    private static final long ELSEWHERE = Bare.BASE + 0x20000;
    private static final int ADD_HUNDRED = add(100);
    private static final int RETURN = Instructions.assemble("jalr", 0, 0, 1);

    private final Bare bare = new Bare();
    private final Hart second = new Hart(1, bare.memory, bare.bus, bare.time);
    private boolean translating = true;
    private final Translator translator = Translator.eager(() -> translating);
    private long caller;
    private long storer;

    private static int add(int number) {
        return Instructions.assemble("addi", SUM, SUM, number);
    }

    /// The functions are called, and words stored, by two pieces of code at the start of RAM.
    @BeforeEach
    void programs() throws BusFault {
        function(ADDS_ONE, add(1));
        function(ADDS_TEN, add(10), add(0), add(0));
        caller = bare.here();
        bare.emit("jalr", 1, 0, CALLEE).emit("jal", 0, 0);
        storer = bare.here();
        bare.emit("sw", VALUE, 0, ADDRESS).emit("fence.i").emit("jal", 0, 0);
        bare.start(Privilege.MACHINE);
        bare.hart.translator(translator);
        second.reset(storer, Privilege.MACHINE);
        storeBy(bare.hart, ELSEWHERE, 0);
    }

    private void function(long address, int... instructions) throws BusFault {
        for (int i = 0; i < instructions.length; i++) {
            bare.memory.store32(address + 4L * i, instructions[i]);
        }
        bare.memory.store32(address + 4L * instructions.length, RETURN);
    }

    private long call(long function) {
        bare.hart.x(SUM, 0);
        bare.hart.x(CALLEE, function);
        bare.hart.pc(caller);
        bare.run(10);
        return bare.hart.x(SUM);
    }

    private void storeBy(Hart hart, long address, int value) {
        hart.x(VALUE, value);
        hart.x(ADDRESS, address);
        hart.pc(storer);
        hart.run(5);
    }

    private Region region(long function) {
        Region region = bare.hart.mmu.codePage(function).region((int) (function & 4095) / 2);
        assertThat(region).isNotNull();
        return region;
    }

    private interface Store {
        void to(long address, int value) throws BusFault;
    }

    /// Both functions are translated, the second is changed, and both are called again.
    private void assertExact(Store store) throws BusFault {
        assertThat(call(ADDS_ONE)).isEqualTo(1);
        assertThat(call(ADDS_TEN)).isEqualTo(10);
        Region one = region(ADDS_ONE);
        Region ten = region(ADDS_TEN);
        long made = translator.regions();

        store.to(ADDS_TEN, ADD_HUNDRED);
        Hart.fence(List.of(bare.hart), null, Fence.INSTRUCTION);

        assertThat(call(ADDS_ONE)).isEqualTo(1);
        assertThat(region(ADDS_ONE)).isSameAs(one);
        assertThat(translator.regions()).as("regions made, once the neighbour has been called").isEqualTo(made);
        assertThat(call(ADDS_TEN)).isEqualTo(100);
        assertThat(region(ADDS_TEN)).isNotSameAs(ten);
        assertThat(translator.regions()).isEqualTo(made + 1);
    }

    @Test
    void aGuestsStoreDropsWhatItHitsAndNothingElse() throws BusFault {
        assertExact((address, value) -> storeBy(bare.hart, address, value));
    }

    @Test
    void aStoreOfAnotherHartThroughAnAliasDropsWhatItHitsAndNothingElse() throws BusFault {
        long alias = 0x4000_0000L;
        PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);
        table.map(Bare.BASE, Bare.BASE, PageTable.R | PageTable.X).map(alias, PAGE, PageTable.R | PageTable.W);
        second.reset(storer, Privilege.SUPERVISOR);
        second.state.write(Csr.SATP, table.satp(1));

        assertExact((address, value) -> storeBy(second, alias + (address - PAGE), value));
    }

    @Test
    void whatADeviceWritesDropsWhatItHitsAndNothingElse() throws BusFault {
        byte[] word = new byte[4];
        assertExact((address, value) -> {
            for (int i = 0; i < word.length; i++) {
                word[i] = (byte) (value >>> 8 * i);
            }
            bare.memory.write(address, word, 0, word.length);
        });
    }

    @Test
    void aRestoreDropsWhatItChangesAndNothingElse() throws BusFault {
        assertExact((address, value) -> {
            bare.memory.segment().set(ValueLayout.JAVA_INT_UNALIGNED, address - Bare.BASE, value);
            bare.memory.contentReplaced();
        });
    }

    @Test
    void aStoreIntoTheMiddleOfARegionDropsIt() throws BusFault {
        assertThat(call(ADDS_TEN)).isEqualTo(10);
        storeBy(bare.hart, ADDS_TEN + 8, add(5));
        assertThat(call(ADDS_TEN)).isEqualTo(15);
    }

    @Test
    void anInstructionGoesThatBeginsBeforeTheStore() throws BusFault {
        translating = false;
        long function = PAGE + 0x200;
        bare.memory.store16(function, (short) 1); // c.nop
        bare.memory.store16(function + 2, (short) add(3));
        bare.memory.store16(function + 4, (short) (add(3) >>> 16));
        bare.memory.store16(function + 6, (short) RETURN);
        bare.memory.store16(function + 8, (short) (RETURN >>> 16));
        assertThat(call(function)).isEqualTo(3);

        bare.memory.store16(function + 4, (short) (add(7) >>> 16));
        bare.hart.synchronizeFetch();

        assertThat(call(function)).isEqualTo(7);
    }

    @Test
    void anInstructionAcrossPagesFollowsItsSecondHalf() throws BusFault {
        long function = PAGE + 4094;
        bare.memory.store16(function, (short) add(3));
        bare.memory.store16(function + 2, (short) (add(3) >>> 16));
        bare.memory.store32(function + 4, RETURN);
        assertThat(call(function)).isEqualTo(3);

        bare.memory.store16(function + 2, (short) (add(7) >>> 16));
        bare.hart.synchronizeFetch();

        assertThat(call(function)).isEqualTo(7);
    }

    @Test
    void dataBesideCodeIsStoredToWithoutDroppingItAndWithoutTheSlowPathEachTime() {
        try (Profile profile = new Profile(bare.memory, List.of(bare.hart), translator)) {
            call(ADDS_ONE);
            Region one = region(ADDS_ONE);
            long misses = bare.hart.counters.misses();
            for (int i = 1; i <= 100; i++) {
                bare.hart.x(VALUE, i);
                bare.hart.x(ADDRESS, DATA);
                bare.hart.pc(storer);
                bare.run(1);
                assertThat(call(ADDS_ONE)).isEqualTo(1);
            }
            assertThat(bare.hart.counters.misses() - misses).as("stores that took the slow path").isEqualTo(1);

            bare.hart.synchronizeFetch();
            assertThat(call(ADDS_ONE)).isEqualTo(1);
            assertThat(region(ADDS_ONE)).isSameAs(one);
            assertThat(profile.keptPages()).isEqualTo(1);
            assertThat(profile.droppedInstructions() + profile.droppedRegions()).isZero();
        }
    }

    @Test
    void aRegionMadeOfOldCodeIsNotInstalled() throws BusFault {
        translating = false;
        call(ADDS_ONE);
        CodePage page = bare.hart.mmu.codePage(ADDS_ONE);
        Region one = madeOf(page, 0);
        Region ten = madeOf(page, 0x100 / 2);
        bare.memory.store32(ADDS_ONE, ADD_HUNDRED);
        bare.hart.synchronizeFetch();
        assertThat(call(ADDS_ONE)).isEqualTo(100);

        page.install(0, one);
        page.install(0x100 / 2, ten);

        assertThat(page.region(0)).isNull();
        assertThat(call(ADDS_ONE)).isEqualTo(100);
        assertThat(region(ADDS_TEN)).as("its code is there still").isSameAs(ten);
    }

    private static Region madeOf(CodePage page, int slot) {
        Region region = new Region.One();
        region.madeOf(new RegionCode(new RegionScan(page, slot, 10, 0).code));
        return region;
    }

    @Test
    @Timeout(60)
    void aHartThatIsInsideARegionLeavesItForWhatWasStoredAtItsNextFence() throws InterruptedException, BusFault {
        call(ADDS_ONE);
        Region one = region(ADDS_ONE);
        bare.time.sliceInstructions = 1000;
        long loop = PAGE + 0x300;
        bare.memory.store32(loop, add(1));
        bare.memory.store32(loop + 4, Instructions.assemble("sd", SUM, 0, ADDRESS));
        bare.memory.store32(loop + 8, Instructions.assemble("jal", 0, -8));
        second.translator(translator);
        second.x(ADDRESS, ELSEWHERE);
        second.pc(loop);
        Thread runner = Thread.ofPlatform().start(() -> {
            Exit exit = Exit.LIMIT;
            while (exit != Exit.WFI) {
                exit = second.run(1_000_000);
            }
        });
        while (bare.memory.load64(ELSEWHERE) < 10_000) {
            Thread.onSpinWait();
        }

        bare.memory.store32(loop, Instructions.assemble("wfi"));
        Hart.fence(List.of(bare.hart, second), null, Fence.INSTRUCTION);
        runner.join();

        assertThat(second.x(SUM)).isGreaterThanOrEqualTo(10_000);
        assertThat(call(ADDS_ONE)).isEqualTo(1);
        assertThat(region(ADDS_ONE)).isSameAs(one);
    }
}
