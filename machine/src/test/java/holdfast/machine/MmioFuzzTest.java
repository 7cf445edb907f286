package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import holdfast.riscv.BusFault;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Random accesses to everything on the board's bus: each answers or faults, whatever the guest does.
class MmioFuzzTest {
    private static final List<long[]> RANGES = List.of(
            new long[] {AddressMap.SYSCON, AddressMap.SYSCON_BYTES},
            new long[] {AddressMap.RTC, AddressMap.RTC_BYTES},
            new long[] {AddressMap.VMGENID, AddressMap.VMGENID_BYTES},
            new long[] {AddressMap.CLINT, AddressMap.CLINT_BYTES},
            new long[] {AddressMap.PLIC, AddressMap.PLIC_BYTES},
            new long[] {AddressMap.UART, AddressMap.UART_BYTES},
            new long[] {AddressMap.PCI_ECAM, 0x20_0000},
            new long[] {AddressMap.PCI_MMIO, 0x10_0000},
            new long[] {0, 1L << 31});

    private static final int ACCESSES = 20_000;

    @Test
    void noAccessBreaksAnything() {
        SeededFuzz.run(SeededFuzz.SECONDS, MmioFuzzTest::storm);
    }

    @Test
    @Tag("long")
    void noAccessBreaksAnythingForHours() {
        SeededFuzz.run(SeededFuzz.SECONDS_LONG, MmioFuzzTest::storm);
    }

    private static void storm(long seed) throws Exception {
        Random random = new Random(seed);
        RetiredClock clock = new RetiredClock(2);
        LiveGate gate = new LiveGate(clock, null);
        MachineConfig config = MachineConfig.builder()
                .harts(2)
                .memoryBytes(16 << 20)
                .firmware(new Firmware.File(Path.of("none")))
                .entropy(EntropyPort.seeded(seed))
                .virtioPort("port", new ConsoleCapture())
                .disk(new DiskSpec(new MemoryDevice(ByteSize.ofMebibytes(1)), "disk"))
                .build();
        Ports ports = new Ports(config, new Outputs(() -> 0));
        try (GuestMemory memory = GuestMemory.allocate(config.memoryBytes())) {
            Board board = new Board(
                    config, memory, clock, clock::source, gate, new PowerSwitch(), new ConsoleCapture(), ports);
            clock.harts(board.harts());
            board.wallClock().set();
            board.reset();
            board.resume();
            int answered = 0;
            for (int i = 0; i < ACCESSES; i++) {
                answered += access(board.bus(), random);
                if (i % 64 == 0) {
                    clock.skipTo(gate.nextTicks() == Long.MAX_VALUE ? clock.ticks() + 10 : gate.nextTicks());
                    gate.point(i);
                }
            }
            assertThat(answered).isGreaterThan(ACCESSES / 10);
            board.pause();
            for (Lifecycle part : board.parts()) {
                StateWriter out = new StateWriter();
                part.save(out);
                part.restore(new StateReader(part.version(), out.toByteArray()));
            }
            board.close();
        }
    }

    private static int access(SystemBus bus, Random random) {
        long[] range = RANGES.get(random.nextInt(RANGES.size()));
        int bytes = 1 << random.nextInt(4);
        long span = random.nextInt(3) == 0 ? range[1] : Math.min(range[1], 0x100);
        long address = (range[0] + random.nextLong(span)) & -bytes;
        try {
            if (random.nextBoolean()) {
                bus.load(address, bytes);
            } else {
                bus.store(address, bytes, value(random) & -1L >>> 64 - 8 * bytes);
            }
            return 1;
        } catch (BusFault e) {
            return 0;
        }
    }

    private static long value(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> 1L << random.nextInt(64);
            case 1 -> random.nextInt(256);
            // Addresses where rings could be.
            case 2 -> AddressMap.RAM + (random.nextInt(1 << 20) & -16);
            default -> random.nextLong();
        };
    }
}
