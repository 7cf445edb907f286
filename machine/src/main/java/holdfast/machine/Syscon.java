package holdfast.machine;

import holdfast.riscv.BusFault;

/// The power switch: SiFive's test finisher, which the device tree calls a syscon. One register; the low half of what is
/// stored says what to do.
final class Syscon implements MmioDevice {
    static final int FAIL = 0x3333;
    static final int POWER_OFF = 0x5555;
    static final int REBOOT = 0x7777;

    private final PowerSwitch power;

    Syscon(PowerSwitch power) {
        this.power = power;
    }

    @Override
    public long load(long offset, int bytes) throws BusFault {
        requireAligned(bytes);
        return 0;
    }

    @Override
    public void store(long offset, int bytes, long value) throws BusFault {
        requireAligned(bytes);
        if (offset != 0) {
            return;
        }
        switch ((int) value & 0xffff) {
            case POWER_OFF -> power.request(new PowerRequest.Off());
            case FAIL -> power.request(new PowerRequest.ToHost(value >>> 16 & 0xffff));
            case REBOOT -> power.request(new PowerRequest.Reset());
            default -> {
                // As on the real thing, other values do nothing.
            }
        }
    }

    private static void requireAligned(int bytes) throws BusFault {
        if (bytes != 4 && bytes != 2) {
            throw BusFault.UNMAPPED;
        }
    }

    @Override
    public String name() {
        return "syscon";
    }

    @Override
    public void reset() {
        // No state.
    }

    @Override
    public void save(StateWriter out) {
        // No state.
    }

    @Override
    public void restore(StateReader in) {
        // No state.
    }
}
