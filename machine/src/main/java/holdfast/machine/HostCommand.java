package holdfast.machine;

import holdfast.riscv.BusFault;
import holdfast.riscv.PhysicalMemory;
import java.util.OptionalLong;

/// The word by which a bare program ends the run: HTIF's `tohost`, as the public riscv-tests use it.
final class HostCommand {
    private static final long NONE = -1;

    private final PhysicalMemory memory;
    private final PowerSwitch power;
    private long address = NONE;

    HostCommand(PhysicalMemory memory, PowerSwitch power) {
        this.memory = memory;
        this.power = power;
    }

    /// Where the word is; without one nothing is watched.
    void watch(OptionalLong word) {
        address = word.orElse(NONE);
    }

    boolean watching() {
        return address != NONE;
    }

    /// Looks whether something was stored there. Called after every slice of instructions.
    void look() {
        if (address == NONE) {
            return;
        }
        try {
            long value = memory.load64(address);
            if (value != 0) {
                power.request(new PowerRequest.ToHost(value >>> 1));
            }
        } catch (BusFault e) {
            address = NONE;
        }
    }
}
