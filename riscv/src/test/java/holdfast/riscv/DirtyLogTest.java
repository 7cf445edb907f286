package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Dirty logs and page watches: who wrote where, seen by every client on its own.
class DirtyLogTest {
    private static final long DATA = Bare.BASE + 0x10000;
    private static final int PAGE = 0x10;

    private final Bare bare = new Bare();

    private static List<Integer> collect(DirtyLog log) {
        List<Integer> pages = new ArrayList<>();
        log.collect(pages::add);
        return pages;
    }

    private Bare storeForever() {
        bare.load(5, DATA);
        long loop = bare.here();
        return bare.emit("sd", 5, 0, 5).emit("jal", 0, (int) (loop - bare.here())).start(Privilege.MACHINE);
    }

    @Test
    void aHartsStoreIsLoggedOnceEachTimeTheLogIsCollected() {
        bare.load(5, DATA);
        long loop = bare.here();
        bare.emit("sd", 5, 0, 5);
        bare.emit("jal", 0, (int) (loop - bare.here())).start(Privilege.MACHINE).run(20);
        try (DirtyLog log = bare.memory.openDirtyLog()) {
            assertThat(collect(log)).isEmpty();
            bare.run(20);
            assertThat(collect(log)).containsExactly(PAGE);
            bare.run(20);
            assertThat(collect(log)).as("the store after a collection is noticed again").containsExactly(PAGE);
        }
    }

    @Test
    void logsDoNotDisturbEachOther() throws BusFault {
        try (DirtyLog one = bare.memory.openDirtyLog();
                DirtyLog other = bare.memory.openDirtyLog()) {
            bare.memory.store8(DATA, (byte) 1);
            assertThat(collect(one)).containsExactly(PAGE);
            assertThat(collect(one)).isEmpty();
            assertThat(collect(other)).containsExactly(PAGE);
        }
    }

    @Test
    void deviceStoresOfEveryFormAreLogged() throws BusFault {
        try (DirtyLog log = bare.memory.openDirtyLog()) {
            bare.memory.write(DATA + 4090, new byte[10], 0, 10);
            assertThat(collect(log)).containsExactly(PAGE, PAGE + 1);
            bare.memory.store16(DATA, (short) 1);
            bare.memory.store32(DATA + 4096, 1);
            bare.memory.store64(DATA + 8192, 1);
            bare.memory.write(DATA + 3 * 4096, java.lang.foreign.MemorySegment.ofArray(new byte[8]));
            bare.memory.changed(DATA + 4 * 4096, 4096);
            assertThat(collect(log)).containsExactly(PAGE, PAGE + 1, PAGE + 2, PAGE + 3, PAGE + 4);
        }
    }

    @Test
    void theAccessedBitThatAWalkSetsIsLoggedInThePageTablesPage() throws BusFault {
        PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);
        for (long page = 0; page < 0x20; page++) {
            long address = Bare.BASE + (page << 12);
            table.map(address, address, PageTable.R | PageTable.W | PageTable.X);
        }
        table.map(0x4000_0000L, DATA, PageTable.R, 0);
        bare.load(5, table.satp(1)).emit("csrrw", 0, Csr.SATP, 5).load(5, 0x4000_0000L).emit("ld", 6, 0, 5).emit("jal", 0, 0);
        bare.start(Privilege.SUPERVISOR);
        try (DirtyLog log = bare.memory.openDirtyLog()) {
            bare.run(50);
            int entryPage = bare.memory.pageIndex(table.entry(0x4000_0000L, 0));
            assertThat(collect(log)).containsExactly(entryPage);
        }
    }

    @Test
    void collectingALogDoesNotMakeTheNextStoreWalkThePageTable() throws BusFault {
        // A guest may clear accessed and dirty bits without a fence; being observed must not set them again.
        PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);
        for (long page = 0; page < 0x20; page++) {
            long address = Bare.BASE + (page << 12);
            table.map(address, address, PageTable.R | PageTable.X);
        }
        table.map(0x4000_0000L, DATA, PageTable.R | PageTable.W);
        bare.load(5, table.satp(1)).emit("csrrw", 0, Csr.SATP, 5).load(5, 0x4000_0000L);
        long loop = bare.here();
        bare.emit("sd", 5, 0, 5).emit("jal", 0, (int) (loop - bare.here())).start(Privilege.SUPERVISOR).run(50);
        try (DirtyLog log = bare.memory.openDirtyLog()) {
            long entry = table.entry(0x4000_0000L, 0);
            long cleared = bare.memory.load64(entry) & ~(PageTable.A | PageTable.D);
            bare.memory.store64(entry, cleared);
            log.collect(page -> {});
            bare.run(10);
            assertThat(collect(log)).containsExactly(PAGE);
            assertThat(bare.memory.load64(entry)).isEqualTo(cleared);
        }
    }

    @Test
    void aWatchIsToldOfTheFirstStoreAndTheFirstMappingOfArmedPages() throws BusFault {
        List<String> told = new ArrayList<>();
        PageWatch watch = new PageWatch(bare.memory.pageCount()) {
            @Override
            protected void firstStore(int page) {
                told.add("store " + page);
            }

            @Override
            protected void mapped(int page) {
                told.add("mapped " + page);
            }

            @Override
            protected void deviceFill(int page) {
                told.add("fill " + page);
            }
        };
        storeForever().run(20);
        bare.memory.addWatch(watch);
        bare.run(20);
        assertThat(told).as("nothing armed").isEmpty();
        watch.armStore(PAGE);
        watch.armMapping(PAGE);
        bare.run(100);
        assertThat(told).containsExactly("mapped " + PAGE, "store " + PAGE);
        watch.armStore(PAGE);
        bare.memory.store8(DATA, (byte) 1);
        assertThat(told).endsWith("fill " + PAGE);
        bare.memory.removeWatch(watch);
    }
}
