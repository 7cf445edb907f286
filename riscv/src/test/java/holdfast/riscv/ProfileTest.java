package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a hart counts, and what it tells Flight Recorder.
class ProfileTest {
    private static final long FUNCTION = Bare.BASE + 0x4000;
    private static final long DATA = Bare.BASE + 0x8000;
    private static final long DEVICE = 0x1000_0000L;
    private static final int RETURN = Instructions.assemble("jalr", 0, 0, 1);

    private final Bare bare = new Bare();
    private final HartCounters counters = bare.hart.counters;

    private Profile profile(boolean translating) {
        Translator translator = Translator.eager(() -> translating);
        bare.hart.translator(translator);
        return new Profile(bare.memory, List.of(bare.hart), translator);
    }

    private long exits(ExitCause cause) {
        return counters.exits[cause.ordinal()];
    }

    /// Calls a function in another page once; it returns to `jal 0`.
    private void callFunction() throws BusFault {
        bare.memory.store32(FUNCTION, Instructions.assemble("addi", 10, 0, 1));
        bare.memory.store32(FUNCTION + 4, RETURN);
        bare.load(5, FUNCTION).emit("jalr", 1, 0, 5);
    }

    @Test
    void aStoreIntoATranslatedPageDropsItsRegionsForTheGuestsSake() throws BusFault {
        try (Profile profile = profile(true)) {
            callFunction();
            bare.emit("sw", 5, 0, 5).emit("fence.i").emit("jalr", 1, 0, 5).emit("jal", 0, 0).start(Privilege.MACHINE).run(50);

            assertThat(profile.droppedPages(DropCause.GUEST_STORE)).isEqualTo(1);
            assertThat(profile.droppedRegions()).isEqualTo(1);
            assertThat(profile.droppedPages(DropCause.DEVICE_WRITE)).isZero();
        }
    }

    @Test
    void whatADeviceOrARestoreDropsIsCountedApart() throws BusFault {
        try (Profile profile = profile(true)) {
            callFunction();
            bare.emit("jal", 0, 0).start(Privilege.MACHINE).run(50);

            bare.memory.store32(FUNCTION, 0);
            bare.hart.synchronizeFetch();
            bare.hart.mmu.codePage(FUNCTION);
            assertThat(profile.droppedPages(DropCause.DEVICE_WRITE)).isEqualTo(1);
            assertThat(profile.droppedRegions()).isEqualTo(1);

            bare.memory.segment().fill((byte) 0);
            bare.memory.contentReplaced();
            bare.hart.mmu.codePage(Bare.BASE);
            assertThat(profile.droppedPages(DropCause.REPLACEMENT)).as("the program's own page").isEqualTo(1);
            assertThat(profile.droppedPages(DropCause.GUEST_STORE)).isZero();
            assertThat(profile.droppedRegions()).isEqualTo(profile.regions());
        }
    }

    @Test
    void aPageIsMissedOnceAndThenFoundInTheFirstLevelOrTheSecond() {
        long collides = DATA + (long) Tlb.ENTRIES / 2 * PhysicalMemory.PAGE_BYTES;
        bare.load(5, DATA).load(6, collides).emit("ld", 7, 0, 5).emit("ld", 7, 8, 5).emit("ld", 7, 0, 6);
        bare.emit("jal", 0, 0).start(Privilege.MACHINE).run(50);
        assertThat(counters.filled).isEqualTo(2);
        assertThat(counters.recalled).isZero();
        assertThat(counters.walks).as("in M-mode").isZero();
    }

    @Test
    void whatCollidedIsRecalledAndWalksArePageTablesOnly() throws BusFault {
        long one = 0x4000_0000L;
        long other = one + (long) Tlb.ENTRIES * PhysicalMemory.PAGE_BYTES;
        PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);
        table.map(Bare.BASE, Bare.BASE, PageTable.R | PageTable.X);
        table.map(one, DATA, PageTable.R | PageTable.W).map(other, DATA, PageTable.R | PageTable.W);
        bare.load(5, table.satp(1)).emit("csrrw", 0, Csr.SATP, 5).load(6, one).load(7, other);
        bare.emit("ld", 8, 0, 6).emit("ld", 8, 0, 7).emit("ld", 8, 0, 6).emit("ld", 8, 8, 6);
        bare.emit("jal", 0, 0).start(Privilege.SUPERVISOR).run(100);

        assertThat(counters.filled).isEqualTo(2);
        assertThat(counters.recalled).isEqualTo(1);
        assertThat(counters.walks).as("two of data, one of code").isEqualTo(3);
    }

    @Test
    void aStoreAfterItsMappingWasTakenBackIsNoWalk() {
        bare.load(5, DATA).emit("sd", 0, 0, 5).emit("sd", 0, 8, 5).emit("jal", 0, 0).start(Privilege.MACHINE);
        while (counters.filled == 0) {
            bare.run(1);
        }
        try (DirtyLog _ = bare.memory.openDirtyLog()) {
            bare.run(10);
        }
        assertThat(counters.filled).isEqualTo(1);
        assertThat(counters.restored).isEqualTo(1);
    }

    @Test
    void instructionsAreCountedWhereTheyRetire() {
        try (Profile profile = profile(true)) {
            bare.emit("addi", 6, 6, 1).emit("fence.i").emit("jal", 0, -8).start(Privilege.MACHINE).run(3002);

            assertThat(counters.translated).as("all but fence.i").isEqualTo(3002 - 1001);
            assertThat(exits(ExitCause.SYSTEM)).isEqualTo(1001);
            assertThat(profile.lines().getFirst()).startsWith("hart 0: 3,002 instructions, 66.7 % in translated code");
        }
    }

    @Test
    void whatIsInterpretedIsNotTranslated() {
        bare.hart.translator(null);
        try (Profile profile = new Profile(bare.memory, List.of(bare.hart), null)) {
            bare.emit("jal", 0, 0).start(Privilege.MACHINE).run(5000);

            assertThat(profile.lines().getFirst()).startsWith("hart 0: 5,000 instructions, 0.0 %");
            assertThat(profile.lines().get(1)).isEqualTo("hart 0: 0 exits from translated code: none");
        }
    }

    @Test
    void aRestoredHartCountsFromThereOn() throws Exception {
        bare.emit("jal", 0, 0).start(Privilege.MACHINE).run(1000);
        var saved = new ByteArrayOutputStream();
        bare.hart.save(new DataOutputStream(saved));
        Hart restored = new Hart(0, bare.memory, bare.bus, bare.time);
        try (Profile profile = new Profile(bare.memory, List.of(restored), null)) {
            restored.restore(new DataInputStream(new ByteArrayInputStream(saved.toByteArray())));
            restored.run(7);

            assertThat(restored.retired()).isEqualTo(1007);
            assertThat(profile.lines().getFirst()).startsWith("hart 0: 7 instructions");
        }
    }

    @Test
    void everyHartHasItsLinesAndTheTranslatorOne() {
        Hart idle = new Hart(1, bare.memory, bare.bus, bare.time);
        try (Profile profile = new Profile(bare.memory, List.of(bare.hart, idle), null)) {
            bare.emit("jal", 0, 0).start(Privilege.MACHINE).run(5);

            assertThat(profile.lines()).hasSize(7);
            assertThat(profile.lines().get(3)).startsWith("hart 1: 0 instructions, 0.0 %");
            assertThat(profile.lines().getLast()).startsWith("0 regions translated");
        }
    }

    @Test
    void nothingIsCountedOfExitsWithoutAProfile() throws BusFault {
        bare.hart.translator(Translator.eager(() -> true));
        callFunction();
        bare.emit("fence.i").emit("jal", 0, 0).start(Privilege.MACHINE).run(50);
        assertThat(counters.exits).containsOnly(0);
        assertThat(counters.translated).isZero();
    }

    @Test
    void everyExitHasTheCauseThatEndedIt() throws BusFault {
        try (Profile _ = profile(true)) {
            bare.bus.registers.put(DEVICE, 0L);
            long handler = Bare.BASE + 0x1000;
            bare.memory.store32(handler, Instructions.assemble("jal", 0, 0));
            bare.load(7, handler).emit("csrrw", 0, Csr.MTVEC, 7).load(5, DEVICE).emit("jal", 0, 4);
            bare.emit("lw", 6, 0, 5).emit("jal", 0, 4).emit("fence.i").emit("jal", 0, 4);
            bare.emit("csrrw", 0, Csr.MIE, 0).emit("jal", 0, 4).emit("ecall").start(Privilege.MACHINE).run(40);

            assertThat(exits(ExitCause.DEVICE)).isEqualTo(1);
            assertThat(exits(ExitCause.SYSTEM)).as("fence.i and ecall").isEqualTo(2);
            assertThat(exits(ExitCause.REGISTER)).as("mtvec and mie").isEqualTo(2);
            assertThat(exits(ExitCause.PAGE_FAULT)).isZero();
            assertThat(counters.traps[Trap.ECALL_M]).isEqualTo(1);
        }
    }

    @Test
    void aPageFaultIsAnExitAndAnException() throws BusFault {
        PageTable table = new PageTable(bare.memory, Bare.BASE + 0x40000);
        long handler = Bare.BASE + 0x1000;
        bare.memory.store32(handler, Instructions.assemble("jal", 0, 0));
        table.map(Bare.BASE, Bare.BASE, PageTable.R | PageTable.X).map(handler, handler, PageTable.R | PageTable.X);
        try (Profile _ = profile(true)) {
            bare.load(7, handler).emit("csrrw", 0, Csr.STVEC, 7).load(5, table.satp(1)).emit("csrrw", 0, Csr.SATP, 5);
            bare.load(6, 0x4000_0000L).emit("lw", 8, 0, 6).start(Privilege.SUPERVISOR).run(100);

            assertThat(exits(ExitCause.PAGE_FAULT)).isEqualTo(1);
            assertThat(exits(ExitCause.DEVICE)).isZero();
            assertThat(counters.traps[Trap.LOAD_PAGE]).isEqualTo(1);
        }
    }

    @Test
    void flightRecorderHasAnEventForEveryRegionAndEveryDroppedPage(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("events.jfr");
        long regions;
        try (var recording = new Recording()) {
            recording.start();
            Profile profile = profile(true);
            callFunction();
            bare.emit("sw", 5, 0, 5).emit("fence.i").emit("jalr", 1, 0, 5).emit("jal", 0, 0).start(Privilege.MACHINE).run(50);
            profile.close();
            regions = profile.regions();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);

        List<RecordedEvent> translations = named(events, "holdfast.Translation");
        assertThat(translations).hasSize((int) regions);
        assertThat(translations).anySatisfy(event -> {
            assertThat(event.getLong("address")).isEqualTo(FUNCTION);
            assertThat(event.getInt("instructions")).isEqualTo(2);
            assertThat(event.getInt("bytecodeBytes")).isPositive();
            assertThat(event.getClass("region").getName()).contains("TranslatedRegion");
            assertThat(event.getDuration().isPositive()).isTrue();
        });
        List<RecordedEvent> invalidations = named(events, "holdfast.Invalidation");
        assertThat(invalidations).hasSize(1);
        assertThat(invalidations.getFirst().getLong("page")).isEqualTo(FUNCTION);
        assertThat(invalidations.getFirst().getInt("instructions")).as("all is translated").isZero();
        assertThat(invalidations.getFirst().getInt("regions")).isEqualTo(1);
        assertThat(invalidations.getFirst().getString("cause")).isEqualTo("guest store");
        assertThat(named(events, "holdfast.TlbMisses").getLast().getLong("filled")).isEqualTo(counters.filled);
        assertThat(named(events, "holdfast.Hart").getLast().getLong("instructions")).isEqualTo(50);
        assertThat(named(events, "holdfast.Exits").stream()
                        .map(event -> event.getString("cause"))
                        .distinct())
                .hasSize(ExitCause.values().length);
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream().filter(event -> event.getEventType().getName().equals(name)).toList();
    }
}
