package holdfast.machine;

import holdfast.riscv.BusFault;
import java.io.IOException;

/// The goldfish real-time clock: nanoseconds since 1970 and one alarm (registers as in Linux' drivers/rtc/rtc-goldfish.c).
///
/// The guest may set the time; what it set is kept as a difference from the outside's.
final class GoldfishRtc implements MmioDevice {
    private static final int TIME_LOW = 0x00;
    private static final int TIME_HIGH = 0x04;
    private static final int ALARM_LOW = 0x08;
    private static final int ALARM_HIGH = 0x0c;
    private static final int IRQ_ENABLED = 0x10;
    private static final int CLEAR_ALARM = 0x14;
    private static final int ALARM_STATUS = 0x18;
    private static final int CLEAR_INTERRUPT = 0x1c;

    private final InterruptLine line;
    private final WallClock clock;
    private final EventGate.Input alarm;

    private long setByGuestNanos;
    private long timeLatch;
    private long timeToSet;
    private long alarmNanos;
    private boolean alarmArmed;
    private boolean interruptEnabled;
    private boolean interruptPending;

    GoldfishRtc(InterruptLine line, WallClock clock, EventGate gate) {
        this.line = line;
        this.clock = clock;
        this.alarm = gate.register("rtc-alarm", nothing -> ring());
    }

    private long nanos() {
        return clock.epochNanos() + setByGuestNanos;
    }

    @Override
    public synchronized long load(long offset, int bytes) throws BusFault {
        requireWord(bytes);
        return switch ((int) offset) {
            case TIME_LOW -> {
                // Reading the low half fixes the high one.
                timeLatch = nanos();
                yield timeLatch & 0xffff_ffffL;
            }
            case TIME_HIGH -> timeLatch >>> 32;
            case ALARM_LOW -> alarmNanos & 0xffff_ffffL;
            case ALARM_HIGH -> alarmNanos >>> 32;
            case IRQ_ENABLED -> interruptEnabled ? 1 : 0;
            case ALARM_STATUS -> alarmArmed ? 1 : 0;
            default -> 0;
        };
    }

    @Override
    public synchronized void store(long offset, int bytes, long value) throws BusFault {
        requireWord(bytes);
        long word = value & 0xffff_ffffL;
        switch ((int) offset) {
            case TIME_HIGH -> timeToSet = word << 32;
            case TIME_LOW -> {
                setByGuestNanos += (timeToSet | word) - nanos();
                arm();
            }
            case ALARM_HIGH -> alarmNanos = alarmNanos & 0xffff_ffffL | word << 32;
            case ALARM_LOW -> {
                alarmNanos = alarmNanos & 0xffff_ffff_0000_0000L | word;
                alarmArmed = true;
                arm();
            }
            case IRQ_ENABLED -> interruptEnabled = (word & 1) != 0;
            case CLEAR_ALARM -> {
                alarmArmed = false;
                arm();
            }
            case CLEAR_INTERRUPT -> interruptPending = false;
            default -> {
                // Nothing there.
            }
        }
        drive();
    }

    private static void requireWord(int bytes) throws BusFault {
        if (bytes != 4) {
            throw BusFault.UNMAPPED;
        }
    }

    private void arm() {
        alarm.alarm(alarmArmed ? clock.ticksAt(alarmNanos - setByGuestNanos) : Long.MAX_VALUE);
    }

    private synchronized void ring() {
        if (!alarmArmed) {
            return;
        }
        if (nanos() < alarmNanos) {
            // The outside's clock was set back meanwhile.
            arm();
            return;
        }
        alarmArmed = false;
        interruptPending = true;
        drive();
    }

    private void drive() {
        line.set(interruptEnabled && interruptPending);
    }

    @Override
    public String name() {
        return "rtc";
    }

    @Override
    public synchronized void reset() {
        timeLatch = 0;
        timeToSet = 0;
        alarmNanos = 0;
        alarmArmed = false;
        interruptEnabled = false;
        interruptPending = false;
        arm();
        drive();
    }

    @Override
    public synchronized void save(StateWriter out) throws IOException {
        out.writeLong(setByGuestNanos);
        out.writeLong(timeLatch);
        out.writeLong(timeToSet);
        out.writeLong(alarmNanos);
        out.writeBoolean(alarmArmed);
        out.writeBoolean(interruptEnabled);
        out.writeBoolean(interruptPending);
    }

    @Override
    public synchronized void restore(StateReader in) throws IOException {
        setByGuestNanos = in.readLong();
        timeLatch = in.readLong();
        timeToSet = in.readLong();
        alarmNanos = in.readLong();
        alarmArmed = in.readBoolean();
        interruptEnabled = in.readBoolean();
        interruptPending = in.readBoolean();
        arm();
        drive();
    }
}
