package holdfast.machine;

import holdfast.riscv.BusFault;
import holdfast.riscv.Hart;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// The core-local interruptor: software interrupts and M-mode timers of all harts (RISC-V ACLINT specification, in the
/// layout that SiFive's CLINT had).
final class Clint implements MmioDevice {
    private static final int MACHINE_SOFTWARE_INTERRUPT = 3;
    private static final long MTIMECMP = 0x4000;
    private static final long MTIME = 0xbff8;

    private final List<Hart> harts;
    private final GuestClock clock;
    private final int[] softwareInterrupt;
    private final long[] timeCompare;

    Clint(List<Hart> harts, GuestClock clock) {
        this.harts = List.copyOf(harts);
        this.clock = clock;
        this.softwareInterrupt = new int[harts.size()];
        this.timeCompare = new long[harts.size()];
    }

    @Override
    public synchronized long load(long offset, int bytes) throws BusFault {
        if (bytes < 4) {
            throw BusFault.UNMAPPED;
        }
        if (offset < MTIMECMP) {
            int hart = (int) (offset >>> 2);
            return bytes == 4 && hart < softwareInterrupt.length ? softwareInterrupt[hart] : 0;
        }
        int hart = (int) ((offset - MTIMECMP) >>> 3);
        long value = (offset & ~7L) == MTIME ? clock.ticks() : hart < timeCompare.length ? timeCompare[hart] : 0;
        return bytes == 8 ? value : (offset & 4) != 0 ? value >>> 32 : value & 0xffff_ffffL;
    }

    @Override
    public synchronized void store(long offset, int bytes, long value) throws BusFault {
        if (bytes < 4) {
            throw BusFault.UNMAPPED;
        }
        if (offset < MTIMECMP) {
            int hart = (int) (offset >>> 2);
            if (bytes == 4 && hart < softwareInterrupt.length) {
                softwareInterrupt[hart] = (int) value & 1;
                harts.get(hart).interrupt(MACHINE_SOFTWARE_INTERRUPT, (value & 1) != 0);
            }
            return;
        }
        if ((offset & ~7L) == MTIME) {
            clock.set(merged(clock.ticks(), offset, bytes, value));
            return;
        }
        int hart = (int) ((offset - MTIMECMP) >>> 3);
        if (hart < timeCompare.length) {
            timeCompare[hart] = merged(timeCompare[hart], offset, bytes, value);
            harts.get(hart).machineTimer(timeCompare[hart]);
        }
    }

    private static long merged(long old, long offset, int bytes, long value) {
        if (bytes == 8) {
            return value;
        }
        return (offset & 4) != 0
                ? old & 0xffff_ffffL | value << 32
                : old & 0xffff_ffff_0000_0000L | value & 0xffff_ffffL;
    }

    @Override
    public String name() {
        return "clint";
    }

    @Override
    public synchronized void reset() {
        Arrays.fill(softwareInterrupt, 0);
        Arrays.fill(timeCompare, Long.MAX_VALUE);
        drive();
    }

    private void drive() {
        for (int hart = 0; hart < harts.size(); hart++) {
            harts.get(hart).interrupt(MACHINE_SOFTWARE_INTERRUPT, softwareInterrupt[hart] != 0);
            harts.get(hart).machineTimer(timeCompare[hart]);
        }
    }

    @Override
    public synchronized void save(StateWriter out) throws IOException {
        out.writeInts(softwareInterrupt);
        out.writeLongs(timeCompare);
    }

    @Override
    public synchronized void restore(StateReader in) throws IOException {
        in.readInts(softwareInterrupt);
        long[] saved = in.readLongs(timeCompare.length);
        if (saved.length != timeCompare.length) {
            throw new IOException("saved timers of " + saved.length + " harts, not " + timeCompare.length);
        }
        System.arraycopy(saved, 0, timeCompare, 0, saved.length);
        drive();
    }
}
