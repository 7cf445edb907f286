package holdfast.machine;

import holdfast.riscv.DirtyLog;
import holdfast.riscv.PhysicalMemory;
import holdfast.riscv.Translator;
import java.util.function.IntConsumer;

/// Broken stand-ins for the negative controls in [MachineMutantsTest].
final class BrokenMachine {
    private BrokenMachine() {}

    /// The request stays pending after it was claimed.
    static void serve(Plic plic, int source) {
        // Does nothing.
    }

    /// Timers stay as they were before a restore.
    static void drive(Clint clint) {
        // Does nothing.
    }

    /// The alarm is not set again.
    static void arm(GoldfishRtc rtc) {
        // Does nothing.
    }

    /// Every recorded event comes one turn late.
    static long turn(RecordedEvent event) {
        return event.turn() + 1;
    }

    /// A replay does not look at the count at which an event was applied.
    static long retired(RetiredClock clock) {
        return 0;
    }

    /// A completion that is due is not waited for.
    static byte[] awaitCompletion(LiveGate gate, TurnGate.Due entry) {
        return new byte[1];
    }

    /// Nothing has changed.
    static int collect(DirtyLog log, IntConsumer pages) {
        return 0;
    }

    /// Pages that are given back are not told to dirty logs.
    static void changed(PhysicalMemory memory, long address, long length) {
        // Does nothing.
    }

    /// Any two disks are the same.
    static boolean equals(byte[] one, byte[] other) {
        return true;
    }

    /// Guest time is not set back to what was saved.
    static void set(GuestClock clock, long ticks) {
        // Does nothing.
    }

    /// Harts are taken to be alone.
    static Translator translator(Translation translation, boolean alone) {
        return Translator.background(true);
    }

    /// The guest is not told that it lives again.
    static void renew(VmGenId device, byte[] fresh) {
        // Does nothing.
    }
}
