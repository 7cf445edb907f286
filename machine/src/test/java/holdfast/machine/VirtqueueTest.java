package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.machine.GuestDriver.GuestQueue;
import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class VirtqueueTest {
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    private final VirtioRig rig = new VirtioRig();
    private final GuestDriver driver;

    VirtqueueTest() {
        rig.plug(new VirtioRng("rng", rig.memory, new DirectGate(), EntropyPort.seeded(1)));
        driver = new GuestDriver(rig, 1).start();
    }

    private long buffer() {
        return rig.allocate(4096, 8);
    }

    @Test
    void aChainOfManyDescriptorsIsOneStream() {
        long a = buffer();
        long b = buffer();
        rig.write(a, new byte[64]);
        rig.write(b, new byte[64]);
        driver.queue(0).send(Part.in(a, 5), Part.in(b, 0), Part.in(b, 6), Part.in(a + 5, 7));
        assertThat(driver.queue(0).taken().length()).isEqualTo(18);
        byte[] expected = new byte[18];
        EntropyPort.seeded(1).fill(expected);
        assertThat(rig.read(a, 5)).isEqualTo(Arrays.copyOfRange(expected, 0, 5));
        assertThat(rig.read(b, 6)).isEqualTo(Arrays.copyOfRange(expected, 5, 11));
        assertThat(rig.read(a + 5, 7)).isEqualTo(Arrays.copyOfRange(expected, 11, 18));
        assertThat(rig.read(a + 12, 1)).containsExactly(0);
    }

    @Test
    void anIndirectTableIsAChainToo() {
        var queue = driver.queue(0);
        queue.offer(queue.describeIndirect(List.of(Part.in(buffer(), 10), Part.in(buffer(), 20))));
        queue.kick();
        assertThat(queue.taken().length()).isEqualTo(30);
    }

    @Test
    void theRingsGoRoundMoreThanOnce() {
        var queue = driver.queue(0);
        long buffer = buffer();
        for (int i = 0; i < 70_000; i++) {
            int head = queue.send(Part.in(buffer, 1));
            assertThat(queue.taken()).isEqualTo(new GuestQueue.Used(head, 1));
        }
    }

    @Test
    void aDriverIsInterruptedOnlyPastTheIndexItNames() {
        var queue = driver.queue(0);
        queue.interruptAfter(2);
        queue.send(Part.in(buffer(), 1));
        queue.send(Part.in(buffer(), 1));
        assertThat(driver.wire().level()).isFalse();
        queue.send(Part.in(buffer(), 1));
        assertThat(driver.wire().level()).isTrue();
    }

    @Test
    void aBatchIsOneInterrupt() {
        var queue = driver.queue(0);
        for (int i = 0; i < 10; i++) {
            queue.add(Part.in(buffer(), 1));
        }
        queue.kick();
        assertThat(driver.wire().rises()).isEqualTo(1);
        for (int i = 0; i < 10; i++) {
            queue.taken();
        }
    }

    @Test
    void theDeviceNamesTheIndexAtWhichItWantsToBeNotified() {
        var queue = driver.queue(0);
        queue.send(Part.in(buffer(), 1));
        int before = queue.added();
        queue.add(Part.in(buffer(), 1));
        assertThat(queue.deviceWantsKick(before)).isTrue();
    }

    @Test
    void withoutEventIndexTheFlagDecides() {
        driver.start(VirtioDevice.VERSION_1);
        var queue = driver.queue(0);
        queue.noInterrupts(true);
        queue.send(Part.in(buffer(), 1));
        assertThat(driver.wire().level()).isFalse();
        queue.noInterrupts(false);
        queue.send(Part.in(buffer(), 1));
        assertThat(driver.wire().level()).isTrue();
    }

    private record Mistake(String name, Consumer<VirtqueueTest> make) {}

    private void chain(int head) {
        driver.queue(0).offer(head);
    }

    private void descriptor(int at, long address, int length, int flags, int next) {
        driver.queue(0).descriptor(driver.queue(0).descriptors, at, address, length, flags, next);
    }

    private static final List<Mistake> MISTAKES = List.of(
            new Mistake("aHeadThatDoesNotExist", t -> t.chain(64)),
            new Mistake("anAvailableIndexTooFarAhead", t -> t.rig.store(t.driver.queue(0).available + 2, 2, 65)),
            new Mistake("anAvailableIndexGoneBackwards", t -> t.rig.store(t.driver.queue(0).available + 2, 2, 0xffff)),
            new Mistake("aLoopOfTwoDescriptors", t -> {
                t.descriptor(0, t.buffer(), 1, NEXT | WRITE, 1);
                t.descriptor(1, t.buffer(), 1, NEXT | WRITE, 0);
                t.chain(0);
            }),
            new Mistake("aDescriptorThatLinksToItself", t -> {
                t.descriptor(3, t.buffer(), 1, NEXT | WRITE, 3);
                t.chain(3);
            }),
            new Mistake("aLinkOutOfTheTable", t -> {
                t.descriptor(0, t.buffer(), 1, NEXT | WRITE, 64);
                t.chain(0);
            }),
            new Mistake("aBufferOutsideRam", t -> {
                t.descriptor(0, 0x1000_0000, 8, WRITE, 0);
                t.chain(0);
            }),
            new Mistake("aBufferAcrossTheEndOfRam", t -> {
                t.descriptor(0, VirtioRig.RAM + VirtioRig.RAM_BYTES - 4, 8, WRITE, 0);
                t.chain(0);
            }),
            new Mistake("aBufferThatWrapsAroundAddressSpace", t -> {
                t.descriptor(0, -4L, 8, WRITE, 0);
                t.chain(0);
            }),
            new Mistake("aBufferOfFourGigabytes", t -> {
                t.descriptor(0, VirtioRig.RAM, -1, WRITE, 0);
                t.chain(0);
            }),
            new Mistake("aBufferToReadAfterOneToWrite", t -> {
                t.descriptor(0, t.buffer(), 8, WRITE | NEXT, 1);
                t.descriptor(1, t.buffer(), 8, 0, 0);
                t.chain(0);
            }),
            new Mistake("anIndirectTableOfABadLength", t -> {
                t.descriptor(0, t.buffer(), 24, INDIRECT, 0);
                t.chain(0);
            }),
            new Mistake("anEmptyIndirectTable", t -> {
                t.descriptor(0, t.buffer(), 0, INDIRECT, 0);
                t.chain(0);
            }),
            new Mistake("anIndirectTableTooLong", t -> {
                t.descriptor(0, VirtioRig.RAM, 16 * 1025, INDIRECT, 0);
                t.chain(0);
            }),
            new Mistake("anIndirectTableOutsideRam", t -> {
                t.descriptor(0, 0x4000_0000, 16, INDIRECT, 0);
                t.chain(0);
            }),
            new Mistake("anIndirectDescriptorThatGoesOn", t -> {
                t.descriptor(0, t.buffer(), 16, INDIRECT | NEXT, 1);
                t.chain(0);
            }),
            new Mistake("anIndirectTableInAnIndirectTable", t -> {
                long table = t.buffer();
                t.driver.queue(0).descriptor(table, 0, t.buffer(), 16, INDIRECT, 0);
                t.descriptor(0, table, 16, INDIRECT, 0);
                t.chain(0);
            }),
            new Mistake("anIndirectLoop", t -> {
                long table = t.buffer();
                t.driver.queue(0).descriptor(table, 0, t.buffer(), 1, NEXT | WRITE, 0);
                t.descriptor(0, table, 16, INDIRECT, 0);
                t.chain(0);
            }));

    /// Each mistake stops the device, says so to the driver, and is over after a reset.
    @TestFactory
    Stream<DynamicTest> stopsTheDeviceUntilItIsReset() {
        return MISTAKES.stream().map(mistake -> DynamicTest.dynamicTest(mistake.name, () -> {
            var test = new VirtqueueTest();
            mistake.make.accept(test);
            test.driver.queue(0).kick();
            assertThat(test.driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
            assertThat(test.driver.interrupt()).as("a change of configuration").isEqualTo(2);
            assertThat(test.driver.queue(0).take()).isNull();
            test.driver.start();
            test.driver.queue(0).send(Part.in(test.buffer(), 12));
            assertThat(test.driver.queue(0).taken().length()).isEqualTo(12);
        }));
    }

    /// The device writes into the available ring: each chain that is used makes the next one available.
    @Test
    void aQueueThatFeedsItselfStopsTheDeviceNotTheMachine() {
        int[] index = {1};
        EntropyPort counting = bytes -> {
            index[0]++;
            bytes[0] = (byte) index[0];
            bytes[1] = (byte) (index[0] >> 8);
        };
        rig.plug(new VirtioRng("mad", rig.memory, new DirectGate(), counting));
        var mad = new GuestDriver(rig, 2).start(VirtioDevice.VERSION_1);
        var queue = mad.queue(0);
        for (int i = 0; i < queue.size; i++) {
            rig.store(queue.available + 4 + 2L * i, 2, 0);
        }
        queue.descriptor(queue.descriptors, 0, queue.available + 2, 2, WRITE, 0);
        rig.store(queue.available + 2, 2, 1);
        queue.kick();
        assertThat(mad.status() & VirtioDevice.NEEDS_RESET).isNotZero();
        mad.start();
        mad.queue(0).send(Part.in(buffer(), 2));
        assertThat(mad.queue(0).taken().length()).isEqualTo(2);
    }

    @Test
    void anIndirectDescriptorNeedsTheFeature() {
        driver.start(VirtioDevice.VERSION_1);
        var queue = driver.queue(0);
        queue.offer(queue.describeIndirect(List.of(Part.in(buffer(), 10))));
        queue.kick();
        assertThat(driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
    }
}
