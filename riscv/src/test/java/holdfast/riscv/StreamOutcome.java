package holdfast.riscv;

import java.util.Arrays;
import java.util.List;

/// What a stream leaves behind.
///
/// @param stuck it did not end by itself
record StreamOutcome(List<TrapRecord> traps, Registers registers, byte[] data, boolean stuck) {

    /// @param signal what Linux makes of the exception
    /// @param address the faulting address of a SIGSEGV or SIGBUS, else 0
    record TrapRecord(int signal, long pc, long address) {
        static final int SIGILL = 4;
        static final int SIGTRAP = 5;
        static final int SIGBUS = 7;
        static final int SIGSEGV = 11;

        @Override
        public String toString() {
            return "signal %d at %x (%x)".formatted(signal, pc, address);
        }
    }

    record Registers(long pc, long[] x, long[] f, long fcsr) {}

    boolean matches(StreamOutcome other) {
        return difference(other).isEmpty();
    }

    /// What is not the same, ours first; empty when all is.
    String difference(StreamOutcome other) {
        var text = new StringBuilder();
        if (stuck || other.stuck) {
            text.append("stuck: ").append(stuck).append(' ').append(other.stuck).append('\n');
        }
        for (int i = 0; i < Math.max(traps.size(), other.traps.size()); i++) {
            Object ours = i < traps.size() ? traps.get(i) : "none";
            Object theirs = i < other.traps.size() ? other.traps.get(i) : "none";
            if (!ours.equals(theirs)) {
                text.append("trap %d: %s, not %s%n".formatted(i, ours, theirs));
            }
        }
        compare(text, "pc", registers.pc, other.registers.pc);
        compare(text, "fcsr", registers.fcsr, other.registers.fcsr);
        for (int i = 1; i < 32; i++) {
            compare(text, Operand.xName(i), registers.x[i], other.registers.x[i]);
        }
        for (int i = 0; i < 32; i++) {
            compare(text, Operand.fName(i), registers.f[i], other.registers.f[i]);
        }
        for (int i = Arrays.mismatch(data, other.data); i >= 0 && i < data.length; i++) {
            if (data[i] != other.data[i]) {
                compare(text, "byte at %x".formatted(StreamLayout.DATA + i), data[i] & 0xff, other.data[i] & 0xff);
            }
        }
        return text.toString();
    }

    private static void compare(StringBuilder text, String what, long ours, long theirs) {
        if (ours != theirs) {
            text.append("%s: %x, not %x%n".formatted(what, ours, theirs));
        }
    }
}
