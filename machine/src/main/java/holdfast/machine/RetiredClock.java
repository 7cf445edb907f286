package holdfast.machine;

import holdfast.riscv.Hart;
import holdfast.riscv.TimeSource;
import java.util.List;

/// Time of deterministic mode: instructions retired by all harts together, divided by [#rate], plus what idle time was
/// skipped. One thread runs all harts; only it may ask.
///
/// The sum over all harts makes time monotonic between them, though they take turns.
final class RetiredClock implements GuestClock {
    /// A hart seems to run 100 million instructions a second when all are busy.
    private static final long INSTRUCTIONS_PER_TICK = 10;

    /// Longer than any turn, and short enough to be added to any count.
    private static final long FAR_INSTRUCTIONS = 1L << 40;

    private final long rate;
    private List<Hart> harts = List.of();
    private long skippedTicks;
    /// Retired by the harts that do not have their turn.
    private long retiredByOthers;
    private int turn;

    RetiredClock(int hartCount) {
        this.rate = INSTRUCTIONS_PER_TICK * hartCount;
    }

    /// Instructions of all harts together that make one tick.
    long rate() {
        return rate;
    }

    void harts(List<Hart> all) {
        harts = List.copyOf(all);
        turn(0);
    }

    /// It is this hart's turn from now on.
    void turn(int hart) {
        turn = hart;
        long sum = 0;
        for (int i = 0; i < harts.size(); i++) {
            if (i != hart) {
                sum += harts.get(i).retired();
            }
        }
        retiredByOthers = sum;
    }

    /// Instructions retired by all harts.
    long retired() {
        return harts.isEmpty() ? 0 : retiredByOthers + harts.get(turn).retired();
    }

    @Override
    public long ticks() {
        return at(retired());
    }

    @Override
    public void set(long now) {
        skippedTicks = now - retired() / rate;
    }

    /// Idle time is skipped: moves on to `deadlineTicks` unless that is past.
    void skipTo(long deadlineTicks) {
        skippedTicks += Math.max(0, deadlineTicks - ticks());
    }

    private long at(long retired) {
        return retired / rate + skippedTicks;
    }

    /// The time of one hart. A hart that does not have its turn sees the time at which it stands.
    TimeSource source(int hart) {
        return new TimeSource() {
            @Override
            public long ticks(long retired) {
                return at(total(retired));
            }

            @Override
            public long instructionsUntil(long deadlineTicks, long retired) {
                return RetiredClock.this.instructionsUntil(deadlineTicks, total(retired));
            }

            private long total(long retired) {
                return hart == turn ? retiredByOthers + retired : retired();
            }
        };
    }

    private long instructionsUntil(long deadlineTicks, long retired) {
        long ticksLeft = deadlineTicks - at(retired);
        if (Long.compareUnsigned(deadlineTicks, at(retired)) <= 0) {
            return 1;
        }
        if (ticksLeft < 0 || ticksLeft > FAR_INSTRUCTIONS / rate) {
            return FAR_INSTRUCTIONS;
        }
        return ticksLeft * rate - retired % rate;
    }
}
