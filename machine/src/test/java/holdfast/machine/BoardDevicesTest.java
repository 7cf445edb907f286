package holdfast.machine;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import holdfast.riscv.BusFault;
import holdfast.riscv.DirtyLog;
import holdfast.riscv.Hart;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The small devices: bus, CLINT, real-time clock, generation id, guest memory, panic watch, outputs.
class BoardDevicesTest {
    /// Answers with its own offset.
    private static final class Echo implements MmioDevice {
        @Override
        public long load(long offset, int bytes) {
            return offset;
        }

        @Override
        public void store(long offset, int bytes, long value) {
            // Takes anything.
        }

        @Override
        public String name() {
            return "echo";
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

    @Test
    void theBusFindsTheDeviceAndFaultsBetweenDevices() throws BusFault {
        SystemBus bus = new SystemBus();
        bus.attach(0x2000, 0x100, new Echo());
        bus.attach(0x1000, 0x100, new Echo());
        assertThat(bus.load(0x10f8, 8)).isEqualTo(0xf8);
        assertThat(bus.load(0x2000, 4)).isZero();
        for (long hole : new long[] {0, 0xfff, 0x1100, 0x1fff, 0x2100, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> bus.load(hole, 1)).isInstanceOf(BusFault.class);
            assertThatThrownBy(() -> bus.store(hole, 1, 0)).isInstanceOf(BusFault.class);
        }
        assertThatThrownBy(() -> bus.load(0x10fc, 8)).as("half outside").isInstanceOf(BusFault.class);
        assertThatThrownBy(() -> bus.attach(0x10ff, 0x10, new Echo())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bus.attach(0xf01, 0x100, new Echo())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theClintRaisesSoftwareInterruptsAndTimersOfTheHartItNames() throws Exception {
        try (GuestMemory memory = GuestMemory.allocate(1 << 20)) {
            RetiredClock clock = new RetiredClock(2);
            SystemBus bus = new SystemBus();
            List<Hart> harts = new ArrayList<>();
            for (int id = 0; id < 2; id++) {
                harts.add(new Hart(id, memory.physical(), bus, clock.source(id)));
            }
            clock.harts(harts);
            Clint clint = new Clint(harts, clock);
            clint.reset();

            clint.store(4, 4, 0xffff_ffffL);
            assertThat(harts.get(1).csr(0x344) & 8).isEqualTo(8);
            assertThat(harts.get(0).csr(0x344) & 8).isZero();
            assertThat(clint.load(4, 4)).isEqualTo(1);
            clint.store(4, 4, 0);
            assertThat(harts.get(1).csr(0x344) & 8).isZero();

            clock.set(1000);
            clint.store(0x4008, 8, 1001);
            assertThat(harts.get(1).csr(0x344) & 0x80).isZero();
            clint.store(0x4008, 4, 1000);
            assertThat(harts.get(1).csr(0x344) & 0x80).isEqualTo(0x80);
            assertThat(harts.get(0).csr(0x344) & 0x80).isZero();
            assertThat(clint.load(0xbff8, 8)).isEqualTo(1000);
            clint.store(0xbffc, 4, 1);
            assertThat(clint.load(0xbff8, 8)).isEqualTo(1000 + (1L << 32));
            assertThatThrownBy(() -> clint.load(0, 1)).isInstanceOf(BusFault.class);

            StateWriter saved = new StateWriter();
            clint.store(0, 4, 1);
            clint.save(saved);
            clint.reset();
            assertThat(harts.get(0).csr(0x344) & 8).isZero();
            clint.restore(new StateReader(1, saved.toByteArray()));
            assertThat(harts.get(0).csr(0x344) & 8).isEqualTo(8);
            assertThat(clint.load(0x4008, 8)).isEqualTo(1000);
            assertThat(harts.get(1).csr(0x344) & 0x80).as("the timer is armed again").isEqualTo(0x80);
        }
    }

    /// A clock whose two hands the test turns.
    private static final class RtcRig {
        long epochNanos = 1_000_000_000_123_456_789L;
        boolean interrupt;
        final RetiredClock ticks = new RetiredClock(1);
        final LiveGate gate = new LiveGate(ticks, null);
        final WallClock wall = new WallClock(() -> epochNanos, ticks, gate);
        final GoldfishRtc rtc = new GoldfishRtc(level -> interrupt = level, wall, gate);

        RtcRig() {
            wall.set();
        }

        long read() throws BusFault {
            long low = rtc.load(0, 4);
            return rtc.load(4, 4) << 32 | low;
        }

        void alarm(long nanos) throws BusFault {
            rtc.store(0x0c, 4, nanos >>> 32);
            rtc.store(0x08, 4, nanos & 0xffff_ffffL);
        }
    }

    @Test
    void theRtcTellsTheTimeOfDayAndFixesTheHighHalf() throws BusFault {
        RtcRig rig = new RtcRig();
        assertThat(rig.read()).isEqualTo(1_000_000_000_123_456_789L);
        rig.ticks.set(5);
        assertThat(rig.rtc.load(4, 4)).isEqualTo(1_000_000_000_123_456_789L >>> 32);
        assertThat(rig.read()).isEqualTo(1_000_000_000_123_456_789L + 500);
    }

    @Test
    void theRtcRingsOnceWhenItsAlarmHasCome() throws BusFault {
        RtcRig rig = new RtcRig();
        rig.rtc.store(0x10, 4, 1);
        rig.alarm(rig.epochNanos + 10_000);
        assertThat(rig.rtc.load(0x18, 4)).isEqualTo(1);
        rig.ticks.set(99);
        rig.gate.point(1);
        assertThat(rig.interrupt).isFalse();
        rig.ticks.set(100);
        rig.gate.point(2);
        assertThat(rig.interrupt).isTrue();
        assertThat(rig.rtc.load(0x18, 4)).isZero();
        rig.rtc.store(0x1c, 4, 1);
        assertThat(rig.interrupt).isFalse();
        rig.gate.point(3);
        assertThat(rig.interrupt).isFalse();
    }

    @Test
    void aRestoredRtcKeepsItsAlarmAndCorrectsItsTime() throws Exception {
        RtcRig rig = new RtcRig();
        rig.rtc.store(0x10, 4, 1);
        rig.alarm(rig.epochNanos + 3_600_000_000_000L);
        StateWriter saved = new StateWriter();
        rig.rtc.save(saved);

        RtcRig later = new RtcRig();
        later.epochNanos += 3_599_000_000_000L;
        later.rtc.restore(new StateReader(1, saved.toByteArray()));
        later.wall.set();
        later.rtc.restore(new StateReader(1, saved.toByteArray()));
        assertThat(later.read()).isEqualTo(later.epochNanos);
        later.ticks.set(10_000_000);
        later.gate.point(1);
        assertThat(later.interrupt).as("the timer was restored").isTrue();
    }

    @Test
    void theGenerationIdIsReadOnlyAndANewLifePulsesItsWire() throws Exception {
        List<Boolean> wire = new ArrayList<>();
        VmGenId device = new VmGenId(wire::add);
        byte[] id = new byte[VmGenId.BYTES];
        id[0] = 1;
        id[15] = (byte) 0x80;
        device.set(id);
        assertThat(wire).isEmpty();
        device.store(0, 8, -1);
        assertThat(device.load(0, 8)).isEqualTo(1);
        assertThat(device.load(8, 8)).isEqualTo(0x80L << 56);
        assertThat(device.load(15, 1)).isEqualTo(0x80);
        device.renew(new byte[VmGenId.BYTES]);
        assertThat(wire).containsExactly(true, false);
        assertThat(device.load(8, 8)).isZero();
    }

    @Test
    void guestMemoryIsZeroAtFirstAndAfterItWasGivenBack() throws BusFault {
        try (GuestMemory memory = GuestMemory.allocate(4 << 20)) {
            long address = AddressMap.RAM + 8192;
            assertThat(memory.physical().load64(address)).isZero();
            memory.physical().store64(address, -1);
            memory.physical().store64(address + 4096, -1);
            memory.discard(address, 4096);
            assertThat(memory.physical().load64(address)).isZero();
            assertThat(memory.physical().load64(address + 4096)).isEqualTo(-1);
            memory.clear();
            assertThat(memory.physical().load64(address + 4096)).isZero();
            assertThatThrownBy(() -> memory.discard(address + 1, 4096)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> memory.discard(0, 4096)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void dirtyLogsSeePagesThatWereGivenBack() throws BusFault {
        try (GuestMemory memory = GuestMemory.allocate(1 << 20)) {
            memory.physical().store64(AddressMap.RAM + 4096, 1);
            List<Integer> pages = new ArrayList<>();
            try (DirtyLog log = memory.physical().openDirtyLog()) {
                memory.discard(AddressMap.RAM + 4096, 8192);
                log.collect(pages::add);
            }
            assertThat(pages).containsExactly(1, 2);
        }
    }

    @Test
    void moreMemoryThanTheHostHasIsRefusedBeforeItIsTaken() {
        assertThatThrownBy(() -> GuestMemory.allocate(1L << 46))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("64TiB")
                .hasMessageContaining("available");
    }

    @Test
    void heldOutputsAreReleasedInOrderUpToACount() {
        long[] now = {0};
        List<String> out = new ArrayList<>();
        List<String> tapped = new ArrayList<>();
        Outputs outputs = new Outputs(() -> now[0]);
        ConsoleOutlet outlet = new ConsoleOutlet(
                "port", (bytes, offset, length) -> out.add(new String(bytes, offset, length, US_ASCII)), outputs);
        outlet.output("x1".getBytes(US_ASCII), 1, 1);
        outputs.tap((source, retired, payload) -> tapped.add(source + retired + new String(payload, US_ASCII)));
        outputs.hold();
        for (int i = 2; i < 5; i++) {
            now[0] = i;
            outlet.output(("" + i).getBytes(US_ASCII), 0, 1);
        }
        assertThat(out).containsExactly("1");
        assertThat(tapped).containsExactly("port22", "port33", "port44");
        outputs.releaseThrough(3);
        assertThat(out).containsExactly("1", "2", "3");
        outputs.discard();
        outputs.release();
        outlet.output("5".getBytes(US_ASCII), 0, 1);
        assertThat(out).containsExactly("1", "2", "3", "5");
    }

    @Test
    void aReplacedPortIsConnectedAndGetsWhatComesNext() {
        ConsoleCapture first = new ConsoleCapture();
        ConsoleCapture second = new ConsoleCapture();
        List<String> typed = new ArrayList<>();
        ConsoleOutlet outlet = new ConsoleOutlet("port", first, new Outputs(() -> 0));
        outlet.attach(new ConsolePort.Input() {
            @Override
            public void input(byte[] bytes) {
                typed.add(new String(bytes, US_ASCII));
            }

            @Override
            public void hostOpen(boolean open) {
                typed.add("open " + open);
            }
        });
        outlet.output("a".getBytes(US_ASCII), 0, 1);
        outlet.replace(second);
        outlet.output("b".getBytes(US_ASCII), 0, 1);
        second.type("hello");
        assertThat(first.text()).isEqualTo("a");
        assertThat(second.text()).isEqualTo("b");
        assertThat(typed).containsExactly("hello");
    }
}
