package holdfast.machine;

import holdfast.riscv.BusFault;
import java.io.IOException;
import java.util.Arrays;

/// The platform-level interrupt controller (RISC-V PLIC specification 1.0.0). Sources are level-triggered wires; contexts
/// are two a hart: 2h is M-mode, 2h+1 S-mode.
///
/// A gateway sends one request for a source, and no other until that one was completed; a request stays pending when the
/// wire falls before the claim. So an interrupt is delivered exactly once for each claim.
final class Plic implements MmioDevice {
    private static final int SOURCES = AddressMap.PLIC_SOURCES + 1;
    private static final int WORDS = SOURCES / 32;
    private static final int PRIORITY_MAX = 7;

    private static final long PENDING = 0x1000;
    private static final long ENABLE = 0x2000;
    private static final long ENABLE_STRIDE = 0x80;
    private static final long CONTEXT = 0x20_0000;
    private static final long CONTEXT_STRIDE = 0x1000;

    private final InterruptLine[] outputs;
    private final int[] priority = new int[SOURCES];
    private final int[] level = new int[WORDS];
    private final int[] pending = new int[WORDS];
    /// Claimed by somebody and not completed yet: the gateway is shut.
    private final int[] inService = new int[WORDS];
    private final int[][] enabled;
    private final int[] threshold;

    /// @param outputs for every context the external interrupt of its hart and mode
    Plic(InterruptLine[] outputs) {
        this.outputs = outputs.clone();
        this.enabled = new int[outputs.length][WORDS];
        this.threshold = new int[outputs.length];
    }

    /// The wire of one source, 1..95.
    InterruptLine line(int source) {
        if (source < 1 || source >= SOURCES) {
            throw new IllegalArgumentException("the PLIC has no source " + source);
        }
        return high -> drive(source, high);
    }

    private synchronized void drive(int source, boolean high) {
        int word = source >>> 5;
        int bit = 1 << source;
        if (high == ((level[word] & bit) != 0)) {
            return;
        }
        level[word] ^= bit;
        if (high && (inService[word] & bit) == 0) {
            pending[word] |= bit;
            update();
        }
    }

    @Override
    public synchronized long load(long offset, int bytes) throws BusFault {
        requireWord(bytes);
        if (offset < PENDING) {
            int source = (int) (offset >>> 2);
            return source < SOURCES ? priority[source] : 0;
        }
        if (offset < ENABLE) {
            int word = (int) ((offset - PENDING) >>> 2);
            return word < WORDS ? Integer.toUnsignedLong(pending[word]) : 0;
        }
        if (offset < CONTEXT) {
            int context = (int) ((offset - ENABLE) / ENABLE_STRIDE);
            int word = (int) ((offset - ENABLE) % ENABLE_STRIDE >>> 2);
            return context < enabled.length && word < WORDS ? Integer.toUnsignedLong(enabled[context][word]) : 0;
        }
        int context = (int) ((offset - CONTEXT) / CONTEXT_STRIDE);
        if (context >= threshold.length) {
            return 0;
        }
        return switch ((int) ((offset - CONTEXT) % CONTEXT_STRIDE)) {
            case 0 -> threshold[context];
            case 4 -> claim(context);
            default -> 0;
        };
    }

    @Override
    public synchronized void store(long offset, int bytes, long value) throws BusFault {
        requireWord(bytes);
        int bits = (int) value;
        if (offset < PENDING) {
            int source = (int) (offset >>> 2);
            if (source > 0 && source < SOURCES) {
                priority[source] = bits & PRIORITY_MAX;
            }
        } else if (offset < ENABLE) {
            return;
        } else if (offset < CONTEXT) {
            int context = (int) ((offset - ENABLE) / ENABLE_STRIDE);
            int word = (int) ((offset - ENABLE) % ENABLE_STRIDE >>> 2);
            if (context < enabled.length && word < WORDS) {
                enabled[context][word] = word == 0 ? bits & ~1 : bits;
            }
        } else {
            storeContext((int) ((offset - CONTEXT) / CONTEXT_STRIDE), (int) ((offset - CONTEXT) % CONTEXT_STRIDE), bits);
        }
        update();
    }

    private void storeContext(int context, int register, int value) {
        if (context >= threshold.length) {
            return;
        }
        if (register == 0) {
            threshold[context] = value & PRIORITY_MAX;
        } else if (register == 4) {
            complete(context, value);
        }
    }

    private static void requireWord(int bytes) throws BusFault {
        if (bytes != 4) {
            throw BusFault.UNMAPPED;
        }
    }

    private int claim(int context) {
        int source = best(context, 0);
        if (source != 0) {
            serve(source);
            update();
        }
        return source;
    }

    private void serve(int source) {
        pending[source >>> 5] &= ~(1 << source);
        inService[source >>> 5] |= 1 << source;
    }

    /// A completion by a context that has the source not enabled is ignored (section 8).
    private void complete(int context, int source) {
        if (source <= 0 || source >= SOURCES) {
            return;
        }
        int word = source >>> 5;
        int bit = 1 << source;
        if ((enabled[context][word] & bit) == 0 || (inService[word] & bit) == 0) {
            return;
        }
        inService[word] &= ~bit;
        if ((level[word] & bit) != 0) {
            pending[word] |= bit;
        }
    }

    /// The pending source enabled in the context with the highest priority above `floor`, the lowest number first; or 0.
    private int best(int context, int floor) {
        int found = 0;
        int above = floor;
        for (int word = 0; word < WORDS; word++) {
            for (int bits = pending[word] & enabled[context][word]; bits != 0; bits &= bits - 1) {
                int source = word * 32 + Integer.numberOfTrailingZeros(bits);
                if (priority[source] > above) {
                    above = priority[source];
                    found = source;
                }
            }
        }
        return found;
    }

    private void update() {
        for (int context = 0; context < outputs.length; context++) {
            outputs[context].set(best(context, threshold[context]) != 0);
        }
    }

    @Override
    public String name() {
        return "plic";
    }

    @Override
    public synchronized void reset() {
        Arrays.fill(priority, 0);
        Arrays.fill(level, 0);
        Arrays.fill(pending, 0);
        Arrays.fill(inService, 0);
        Arrays.fill(threshold, 0);
        for (int[] words : enabled) {
            Arrays.fill(words, 0);
        }
        update();
    }

    @Override
    public synchronized void save(StateWriter out) throws IOException {
        out.writeInts(priority);
        out.writeInts(level);
        out.writeInts(pending);
        out.writeInts(inService);
        out.writeInts(threshold);
        for (int[] words : enabled) {
            out.writeInts(words);
        }
    }

    @Override
    public synchronized void restore(StateReader in) throws IOException {
        in.readInts(priority);
        in.readInts(level);
        in.readInts(pending);
        in.readInts(inService);
        in.readInts(threshold);
        for (int[] words : enabled) {
            in.readInts(words);
        }
        for (int source = 0; source < SOURCES; source++) {
            priority[source] &= PRIORITY_MAX;
        }
        update();
    }
}
