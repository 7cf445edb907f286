package holdfast.riscv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/// Where the time of a machine's harts goes: counters, and events for Java Flight Recorder while a recording runs (see
/// [EngineEvents]). Costs a little while there is one, and nothing without.
public final class Profile implements AutoCloseable {
    private static final int CAUSES = DropCause.values().length;

    private final List<Hart> harts;
    private final AtomicLong regions = new AtomicLong();
    private final AtomicLong instructions = new AtomicLong();
    private final AtomicLong bytecodeBytes = new AtomicLong();
    private final AtomicLongArray droppedPages = new AtomicLongArray(CAUSES);
    private final AtomicLong droppedInstructions = new AtomicLong();
    private final AtomicLong keptPages = new AtomicLong();
    private final AtomicLong droppedRegions = new AtomicLong();
    private final AtomicLong droppedBytes = new AtomicLong();
    private final Runnable hartTotals = this::tellHartTotals;
    private final Runnable tlbMisses = this::tellTlbMisses;
    private final Runnable exits = this::tellExits;
    private boolean closed;

    /// Begins to count. Before the harts run.
    ///
    /// @param memory what the harts share
    /// @param translator theirs, null if they have none
    public Profile(PhysicalMemory memory, List<Hart> harts, @Nullable Translator translator) {
        this.harts = List.copyOf(harts);
        harts.forEach(hart -> hart.counters.exitsCounted = true);
        memory.profile(this);
        if (translator != null) {
            translator.profile(this);
        }
        FlightRecorder.addPeriodicEvent(EngineEvents.HartTotals.class, hartTotals);
        FlightRecorder.addPeriodicEvent(EngineEvents.TlbMisses.class, tlbMisses);
        FlightRecorder.addPeriodicEvent(EngineEvents.Exits.class, exits);
    }

    /// Records the last state of the counters, which stay readable. While no hart runs; a second call does nothing.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (Runnable periodic : List.of(hartTotals, tlbMisses, exits)) {
            FlightRecorder.removePeriodicEvent(periodic);
            periodic.run();
        }
    }

    // ---- for the rest of the processor

    /// A translation begins.
    EngineEvents.Translation translating() {
        var event = new EngineEvents.Translation();
        event.begin();
        return event;
    }

    /// A translation has ended, and control may have entered it.
    void translated(EngineEvents.Translation event, CodePage page, int slot, Region region) {
        regions.incrementAndGet();
        instructions.addAndGet(region.instructions);
        bytecodeBytes.addAndGet(region.bytecodeBytes);
        event.address = page.address + 2L * slot;
        event.instructions = region.instructions;
        event.bytecodeBytes = region.bytecodeBytes;
        event.region = region.getClass();
        event.commit();
    }

    /// A page that was stored to is executed again, and of what was decoded of it so much is gone.
    void compared(CodePage page, DropCause cause, int decoded, List<Region> gone) {
        if (decoded == 0 && gone.isEmpty()) {
            keptPages.incrementAndGet();
        } else {
            droppedInstructions.addAndGet(decoded);
            dropped(page, cause, decoded, gone);
        }
    }

    /// All that was decoded of a page is gone.
    void evicted(CodePage page) {
        dropped(page, DropCause.EVICTION, 0, page.regions());
    }

    private void dropped(CodePage page, DropCause cause, int decoded, List<Region> gone) {
        int bytes = gone.stream().mapToInt(region -> region.bytecodeBytes).sum();
        droppedPages.incrementAndGet(cause.ordinal());
        droppedRegions.addAndGet(gone.size());
        droppedBytes.addAndGet(bytes);
        var event = new EngineEvents.Invalidation();
        event.page = page.address;
        event.instructions = decoded;
        event.regions = gone.size();
        event.bytecodeBytes = bytes;
        event.cause = cause.text;
        event.commit();
    }

    long regions() {
        return regions.get();
    }

    long droppedRegions() {
        return droppedRegions.get();
    }

    long droppedInstructions() {
        return droppedInstructions.get();
    }

    /// Pages that were stored to, of which nothing had to be dropped.
    long keptPages() {
        return keptPages.get();
    }

    long droppedPages(DropCause cause) {
        return droppedPages.get(cause.ordinal());
    }

    // ---- events

    private void tellHartTotals() {
        for (Hart hart : harts) {
            HartCounters counters = hart.counters;
            var event = new EngineEvents.HartTotals();
            event.hart = hart.id();
            event.instructions = retired(hart);
            event.translated = counters.translated;
            event.traps = Arrays.stream(counters.traps).sum();
            event.interrupts = counters.interrupts;
            event.firmwareCalls = counters.firmwareCalls;
            event.commit();
        }
    }

    private void tellTlbMisses() {
        for (Hart hart : harts) {
            HartCounters counters = hart.counters;
            var event = new EngineEvents.TlbMisses();
            event.hart = hart.id();
            event.recalled = counters.recalled;
            event.restored = counters.restored;
            event.filled = counters.filled;
            event.codePages = counters.codePages;
            event.walks = counters.walks;
            event.flushes = hart.mmu.tlb.flushes();
            event.commit();
        }
    }

    private void tellExits() {
        for (Hart hart : harts) {
            for (ExitCause cause : ExitCause.values()) {
                var event = new EngineEvents.Exits();
                event.hart = hart.id();
                event.cause = cause.text;
                event.count = hart.counters.exits[cause.ordinal()];
                event.commit();
            }
        }
    }

    // ---- lines

    /// The counters for a person to read: three lines a hart, and one of what was translated.
    public List<String> lines() {
        var lines = new ArrayList<String>();
        for (Hart hart : harts) {
            String who = "hart " + hart.id() + ": ";
            lines.add(who + executed(hart));
            lines.add(who + exits(hart.counters));
            lines.add(who + misses(hart));
        }
        lines.add(translations());
        return lines;
    }

    private static long retired(Hart hart) {
        return hart.retired() - hart.counters.retiredBefore;
    }

    private static String executed(Hart hart) {
        HartCounters counters = hart.counters;
        long faults = counters.traps[Trap.FETCH_PAGE] + counters.traps[Trap.LOAD_PAGE] + counters.traps[Trap.STORE_PAGE];
        long calls = counters.traps[Trap.ECALL_U];
        long all = Arrays.stream(counters.traps).sum();
        return count(retired(hart)) + " instructions, " + percent(counters.translated, retired(hart)) + " in translated code; "
                + count(counters.interrupts) + " interrupts, " + count(counters.firmwareCalls) + " firmware calls, "
                + count(all) + " exceptions (" + count(faults) + " page faults, " + count(calls) + " system calls)";
    }

    private static String exits(HartCounters counters) {
        long all = Arrays.stream(counters.exits).sum();
        return count(all) + " exits from translated code: " + list(Stream.of(ExitCause.values())
                .sorted((a, b) -> Long.compare(counters.exits[b.ordinal()], counters.exits[a.ordinal()]))
                .map(cause -> new Part(counters.exits[cause.ordinal()], cause.text)));
    }

    private static String misses(Hart hart) {
        HartCounters counters = hart.counters;
        return count(counters.misses()) + " TLB misses: " + count(counters.recalled) + " found in the second level, "
                + count(counters.restored) + " stores taken back, " + count(counters.filled) + " translated anew; "
                + count(counters.codePages) + " code pages looked up; " + count(counters.walks) + " page-table walks, "
                + count(hart.mmu.tlb.flushes()) + " flushes";
    }

    private String translations() {
        long pages = Stream.of(DropCause.values()).mapToLong(this::droppedPages).sum();
        return count(regions.get()) + " regions translated: " + count(instructions.get()) + " instructions, "
                + count(bytecodeBytes.get()) + " bytes of bytecode; dropped " + count(droppedRegions.get()) + " regions, "
                + count(droppedBytes.get()) + " bytes, and " + count(droppedInstructions.get()) + " decoded instructions, in "
                + count(pages) + " pages: "
                + list(Stream.of(DropCause.values()).map(cause -> new Part(droppedPages(cause), cause.text))) + "; in "
                + count(keptPages.get()) + " pages stored to nothing";
    }

    private record Part(long count, String what) {}

    /// What there was some of.
    private static String list(Stream<Part> parts) {
        String all = parts.filter(part -> part.count > 0)
                .map(part -> count(part.count) + " " + part.what)
                .collect(Collectors.joining(", "));
        return all.isEmpty() ? "none" : all;
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static String percent(long part, long whole) {
        return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 0 : 100.0 * part / whole);
    }
}
