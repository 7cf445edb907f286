package holdfast.riscv;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;

/// What a [Profile] tells Java Flight Recorder. Names and fields are documented in docs/performance.md.
final class EngineEvents {
    private EngineEvents() {}

    @Name("holdfast.Translation")
    @Label("Translation")
    @Description("A region of hot guest code was translated")
    @Category("Holdfast")
    @StackTrace(false)
    static final class Translation extends Event {
        @Label("Guest-Physical Address")
        @MemoryAddress
        long address;

        @Label("Guest Instructions")
        int instructions;

        @Label("Bytecode")
        @DataAmount
        int bytecodeBytes;

        @Label("Class")
        @Description("As in the stack traces of samples that were taken in this region")
        @SuppressWarnings("UnusedVariable") // Flight Recorder reads it
        Class<?> region = Region.class;
    }

    @Name("holdfast.Invalidation")
    @Label("Invalidation")
    @Description("Of what was decoded and translated of a page something was dropped, or everything")
    @Category("Holdfast")
    @StackTrace(false)
    static final class Invalidation extends Event {
        @Label("Guest-Physical Page")
        @MemoryAddress
        long page;

        @Label("Decoded Instructions")
        int instructions;

        @Label("Regions")
        int regions;

        @Label("Bytecode")
        @DataAmount
        int bytecodeBytes;

        @Label("Cause")
        String cause = "";
    }

    @Name("holdfast.Hart")
    @Label("Hart")
    @Description("What a hart has done since the start")
    @Category("Holdfast")
    @StackTrace(false)
    @Period("1 s")
    static final class HartTotals extends Event {
        @Label("Hart")
        int hart;

        @Label("Instructions Retired")
        long instructions;

        @Label("Of Them in Translated Code")
        long translated;

        @Label("Exceptions")
        long traps;

        @Label("Interrupts")
        long interrupts;

        @Label("Firmware Calls")
        long firmwareCalls;
    }

    @Name("holdfast.TlbMisses")
    @Label("TLB Misses")
    @Description("Where a hart's TLB has missed since the start")
    @Category("Holdfast")
    @StackTrace(false)
    @Period("1 s")
    static final class TlbMisses extends Event {
        @Label("Hart")
        int hart;

        @Label("Found in the Second Level")
        long recalled;

        @Label("Stores to Pages Taken Back")
        long restored;

        @Label("Translated Anew")
        long filled;

        @Label("Code Pages Looked Up")
        long codePages;

        @Label("Page-Table Walks")
        long walks;

        @Label("Flushes")
        long flushes;
    }

    @Name("holdfast.Exits")
    @Label("Exits")
    @Description("How often a hart has left translated code for one cause since the start")
    @Category("Holdfast")
    @StackTrace(false)
    @Period("1 s")
    static final class Exits extends Event {
        @Label("Hart")
        int hart;

        @Label("Cause")
        String cause = "";

        @Label("Count")
        long count;
    }
}
