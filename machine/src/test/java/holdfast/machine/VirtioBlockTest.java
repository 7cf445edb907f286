package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.Request;
import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VirtioBlockTest {
    private static final long SECTORS = 16384;

    private final VirtioRig rig = new VirtioRig();
    private final MemoryDevice memory = new MemoryDevice(ByteSize.ofMebibytes(8));
    private final HeldDisk held = new HeldDisk(memory);

    private VirtioBlock block(BlockDevice disk, EventGate gate) {
        return new VirtioBlock("blk", rig.memory, gate, new DiskSpec(disk, "serial-0123"), 2);
    }

    private DiskDriver start(BlockDevice disk) {
        rig.plug(block(disk, new DirectGate()));
        return new DiskDriver(new GuestDriver(rig, rig.functions.size()).start());
    }

    private static byte[] noise(int seed, int bytes) {
        byte[] noise = new byte[bytes];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    private static byte[] onDisk(BlockDevice disk, long offset, int bytes) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment into = arena.allocate(bytes);
            disk.submit(new Request.Read(offset, into, (_, status) -> assertThat(status).isEqualTo(IoStatus.OK)));
            return into.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static Geometry shape(int logical, int physical, boolean readOnly, boolean discard, int depth) {
        return new Geometry(SECTORS * 512, logical, physical, readOnly, true, discard, true, depth);
    }

    @Test
    void whatIsWrittenIsReadBack() {
        var disk = start(memory);
        byte[] data = noise(1, 12 * 512);
        assertThat(disk.status(disk.write(0, 100, data))).isEqualTo(BlockCommand.OK);
        assertThat(onDisk(memory, 100 * 512, data.length)).isEqualTo(data);
        var read = disk.read(1, 100, data.length);
        assertThat(read.queue().taken().length()).isEqualTo(data.length + 1);
        assertThat(rig.load(read.status(), 1)).isEqualTo(BlockCommand.OK);
        assertThat(rig.read(read.data(), data.length)).isEqualTo(data);
        assertThat(disk.driver.interrupt()).isEqualTo(1);
    }

    /// Framing means nothing: the header, the data and the status may be cut anywhere.
    @Test
    void aRequestMayBeCutIntoAnyDescriptors() {
        var disk = start(memory);
        byte[] data = noise(2, 1024);
        assertThat(disk.status(disk.write(0, 7, data))).isEqualTo(BlockCommand.OK);
        long header = rig.allocate(16, 8);
        rig.write(header, new byte[16]);
        rig.store(header + 8, 4, 7);
        long into = rig.allocate(2048, 8);
        var queue = disk.driver.queue(0);
        queue.send(
                Part.out(header, 3), Part.out(header + 3, 13), Part.in(into, 1), Part.in(into + 1, 1000), Part.in(into + 1001, 24));
        assertThat(queue.taken().length()).isEqualTo(1025);
        assertThat(rig.read(into, 1024)).isEqualTo(data);
        assertThat(rig.load(into + 1024, 1)).isZero();
    }

    @Test
    void theConfigurationTellsTheDisksShape() {
        var disk = start(new HeldDisk(memory, shape(512, 4096, false, true, 64))).driver;
        assertThat(disk.deviceConfigLong(0)).isEqualTo(SECTORS);
        assertThat(disk.deviceConfig(12, 4)).as("segments").isEqualTo(254);
        assertThat(disk.deviceConfig(20, 4)).as("block").isEqualTo(512);
        assertThat(disk.deviceConfig(24, 1)).as("physical block, exponent").isEqualTo(3);
        assertThat(disk.deviceConfig(32, 1)).as("write cache").isEqualTo(1);
        assertThat(disk.deviceConfig(34, 2)).as("queues").isEqualTo(2);
        assertThat(disk.deviceConfig(36, 4)).as("sectors to discard").isEqualTo(1 << 21);
        assertThat(disk.deviceConfig(44, 4)).as("alignment to discard").isEqualTo(8);
        assertThat(disk.offered() & 0xffff).isEqualTo(0b0111_1110_0100_0110);
    }

    @Test
    void aDiskThatCannotDiscardDoesNotOfferIt() {
        var disk = start(new HeldDisk(memory, shape(512, 512, false, false, 64)));
        assertThat(disk.driver.offered() & BlockConfig.DISCARD).isZero();
        assertThat(disk.status(disk.range(BlockCommand.DISCARD, 0, 8, 0))).isEqualTo(BlockCommand.UNSUPP);
    }

    @Test
    void aReadOnlyDiskRefusesToChange() {
        var disk = start(new HeldDisk(memory, shape(512, 512, true, true, 64)));
        assertThat(disk.driver.offered() & BlockConfig.RO).isNotZero();
        assertThat(disk.driver.offered() & (BlockConfig.DISCARD | BlockConfig.WRITE_ZEROES)).isZero();
        assertThat(disk.status(disk.write(0, 0, new byte[512]))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.range(BlockCommand.WRITE_ZEROES, 0, 8, 0))).isEqualTo(BlockCommand.UNSUPP);
    }

    @Test
    void rangesThatAreNotOnTheDiskAreRefused() {
        var disk = start(memory);
        assertThat(disk.status(disk.read(0, SECTORS, 512))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.read(0, SECTORS - 1, 1024))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.read(0, -1, 512))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.read(0, Long.MAX_VALUE / 512 + 1, 512))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.read(0, 0, 100))).as("no whole block").isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.write(0, SECTORS, new byte[512]))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.range(BlockCommand.DISCARD, SECTORS - 1, 2, 0))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.range(BlockCommand.DISCARD, 0, -1, 0))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.read(0, SECTORS - 1, 512))).isEqualTo(BlockCommand.OK);
        assertThat(disk.status(disk.read(0, SECTORS, 0))).as("nothing of it").isEqualTo(BlockCommand.OK);
    }

    @Test
    void blocksOf4096AreReadAndWrittenWhole() {
        var disk = start(new HeldDisk(memory, shape(4096, 4096, false, true, 64)));
        assertThat(disk.status(disk.read(0, 8, 512))).isEqualTo(BlockCommand.IOERR);
        assertThat(disk.status(disk.read(0, 4, 4096))).isEqualTo(BlockCommand.IOERR);
    }

    @Test
    void flushReachesTheDisk() {
        var disk = start(held);
        var sent = disk.command(BlockCommand.FLUSH);
        assertThat(held.seen().getFirst()).isInstanceOf(Request.Flush.class);
        held.release();
        assertThat(disk.status(sent)).isEqualTo(BlockCommand.OK);
    }

    @Test
    void discardAndZeroesReachTheDisk() {
        var disk = start(held);
        disk.range(BlockCommand.DISCARD, 8, 16, 0);
        disk.range(BlockCommand.WRITE_ZEROES, 24, 8, BlockCommand.Range.UNMAP);
        disk.range(BlockCommand.WRITE_ZEROES, 32, 8, 0);
        held.releaseAll();
        assertThat(held.seen().get(0)).matches(r -> r instanceof Request.Discard d && d.offset() == 4096 && d.length() == 8192);
        assertThat(held.seen().get(1)).matches(r -> r instanceof Request.WriteZeroes z && z.offset() == 12288 && z.mayUnmap());
        assertThat(held.seen().get(2)).matches(r -> r instanceof Request.WriteZeroes z && !z.mayUnmap() && !z.fastOnly());
    }

    @Test
    void unknownRequestsAndFlagsAreUnsupported() {
        var disk = start(memory);
        assertThat(disk.status(disk.command(77))).isEqualTo(BlockCommand.UNSUPP);
        assertThat(disk.status(disk.range(BlockCommand.DISCARD, 0, 8, 1))).isEqualTo(BlockCommand.UNSUPP);
        assertThat(disk.status(disk.range(BlockCommand.WRITE_ZEROES, 0, 8, 2))).isEqualTo(BlockCommand.UNSUPP);
    }

    @Test
    void theSerialIsTold() {
        var disk = start(memory);
        var sent = disk.identify(20);
        assertThat(disk.status(sent)).isEqualTo(BlockCommand.OK);
        assertThat(new String(rig.read(sent.data(), 11), StandardCharsets.US_ASCII)).isEqualTo("serial-0123");
        assertThat(rig.read(sent.data() + 11, 9)).containsOnly(0);
        assertThat(disk.status(disk.identify(4))).isEqualTo(BlockCommand.OK);
    }

    @Test
    void whatFailsOnTheHostFailsInTheGuest() {
        var disk = start(held);
        for (IoStatus status : new IoStatus[] {IoStatus.IO_ERROR, IoStatus.NO_SPACE, IoStatus.FENCED}) {
            var sent = disk.read(0, 0, 512);
            held.fail(status);
            assertThat(disk.status(sent)).isEqualTo(BlockCommand.IOERR);
        }
        var sent = disk.range(BlockCommand.DISCARD, 0, 8, 0);
        held.fail(IoStatus.UNSUPPORTED);
        assertThat(disk.status(sent)).isEqualTo(BlockCommand.UNSUPP);
    }

    @Test
    void writesAreDurableAtOnceWhenTheCacheIsOffOrTheDriverCannotFlush() {
        var disk = start(held);
        disk.write(0, 0, new byte[512]);
        disk.driver.deviceConfig(BlockConfig.WRITEBACK, 1, 0);
        assertThat(disk.driver.deviceConfig(BlockConfig.WRITEBACK, 1)).isZero();
        disk.write(0, 0, new byte[512]);
        held.releaseAll();
        disk.driver.start(disk.driver.offered() & ~(BlockConfig.FLUSH | BlockConfig.CONFIG_WCE));
        disk.write(0, 0, new byte[512]);
        held.releaseAll();
        assertThat(held.seen().stream().map(r -> r instanceof Request.Write w && w.forceUnitAccess()))
                .containsExactly(false, true, true);
    }

    @Test
    void aNewSizeIsAChangeOfConfiguration() {
        var disk = start(memory);
        var larger = new MemoryDevice(ByteSize.ofMebibytes(16));
        var grown = block(new HeldDisk(larger), new DirectGate());
        rig.plug(grown);
        var driver = new GuestDriver(rig, 2).start();
        int generation = driver.common(VirtioCommonConfig.CONFIG_GENERATION, 1);
        grown.resized();
        assertThat(driver.interrupt()).isEqualTo(2);
        assertThat(driver.deviceConfigLong(0)).isEqualTo(2 * SECTORS);
        assertThat(driver.common(VirtioCommonConfig.CONFIG_GENERATION, 1)).isNotEqualTo(generation);
        assertThat(disk.driver.interrupt()).isZero();
    }

    @Test
    void moreRequestsThanTheDiskTakesWaitInTheirQueues() throws InterruptedException {
        var narrow = new HeldDisk(memory, shape(512, 512, false, true, 3));
        var disk = start(narrow);
        for (int i = 0; i < 10; i++) {
            disk.read(i % 2, i, 512);
        }
        int done = 0;
        while (done < 10) {
            assertThat(narrow.waiting()).isLessThanOrEqualTo(3);
            waitUntilOneWaits(narrow);
            narrow.release();
            done++;
        }
        for (int i = 0; i < 10; i++) {
            disk.driver.queue(i % 2).taken();
        }
    }

    private static void waitUntilOneWaits(HeldDisk disk) throws InterruptedException {
        synchronized (disk) {
            while (disk.waiting() == 0) {
                disk.wait();
            }
        }
    }

    @Test
    void aResetIsCompleteWhenTheDiskHasFinishedAndNothingReachesTheGuest() {
        var disk = start(held);
        memory.submit(new Request.Write(0, filled(512), false, (_, _) -> {}));
        var sent = disk.read(0, 0, 512);
        disk.driver.status(0);
        assertThat(disk.driver.status()).as("not complete yet").isNotZero();
        held.release();
        assertThat(disk.driver.status()).isZero();
        assertThat(rig.read(sent.data(), 512)).containsOnly(0);
        assertThat(sent.queue().take()).isNull();
        disk.driver.start();
        var again = disk.read(0, 0, 512);
        held.release();
        assertThat(disk.status(again)).isEqualTo(BlockCommand.OK);
    }

    private static MemorySegment filled(int bytes) {
        return Arena.ofAuto().allocate(bytes).fill((byte) 0x5a);
    }

    @Test
    void aQueueResetLeavesTheOtherQueueAlone() {
        var disk = start(held);
        var dropped = disk.read(0, 0, 512);
        var kept = disk.read(1, 0, 512);
        disk.driver.common(VirtioCommonConfig.QUEUE_SELECT, 2, 0);
        disk.driver.common(VirtioCommonConfig.QUEUE_RESET, 2, 1);
        assertThat(disk.driver.common(VirtioCommonConfig.QUEUE_RESET, 2)).as("not complete yet").isEqualTo(1);
        held.releaseAll();
        assertThat(disk.driver.common(VirtioCommonConfig.QUEUE_RESET, 2)).isZero();
        assertThat(dropped.queue().take()).isNull();
        assertThat(disk.status(kept)).isEqualTo(BlockCommand.OK);
    }

    @Test
    void aPauseCancelsWhatHangsAndIssuesItAgain() {
        var disk = start(held);
        byte[] data = noise(3, 1024);
        var sent = disk.write(0, 40, data);
        rig.functions.getFirst().pause();
        assertThat(held.waiting()).isZero();
        assertThat(sent.queue().take()).as("the guest hears nothing of it").isNull();
        rig.functions.getFirst().resume();
        assertThat(held.waiting()).isEqualTo(1);
        held.release();
        assertThat(disk.status(sent)).isEqualTo(BlockCommand.OK);
        assertThat(onDisk(memory, 40 * 512, 1024)).isEqualTo(data);
    }

    @Test
    void aSavedRequestIsIssuedAgainWhereItIsRestored() {
        var disk = start(held);
        byte[] data = noise(4, 1024);
        var write = disk.write(0, 50, data);
        var read = disk.read(1, 60, 512);
        var function = rig.functions.getFirst();
        function.pause();
        byte[] record = VirtioRig.saved(function);

        var otherDisk = memory.copy();
        var host = new PciHost(List.copyOf(rig.wires), AddressMap.PCI_MMIO);
        var restored = new VirtioPci(host, 1, block(otherDisk, new DirectGate()));
        restored.reset();
        VirtioRig.restore(restored, record);
        assertThat(VirtioRig.saved(restored)).isEqualTo(record);
        restored.resume();
        assertThat(disk.status(write)).isEqualTo(BlockCommand.OK);
        assertThat(disk.status(read)).isEqualTo(BlockCommand.OK);
        assertThat(onDisk(otherDisk, 50 * 512, 1024)).isEqualTo(data);
    }

    @Test
    void inDeterministicModeTheDisksSpeedDoesNotShow() {
        var gate = new SteppedGate();
        rig.plug(block(held, gate));
        var disk = new DiskDriver(new GuestDriver(rig, 1).start());
        byte[] data = noise(5, 512);
        memory.submit(new Request.Write(0, MemorySegment.ofArray(data), false, (_, _) -> {}));
        var sent = disk.read(0, 0, 512);
        held.release();
        assertThat(sent.queue().take()).as("completed on the host, not due yet").isNull();
        assertThat(rig.read(sent.data(), 512)).containsOnly(0);
        rig.functions.getFirst().pause();
        byte[] record = VirtioRig.saved(rig.functions.getFirst());
        rig.functions.getFirst().resume();
        gate.passCompletions();
        assertThat(disk.status(sent)).isEqualTo(BlockCommand.OK);
        assertThat(rig.read(sent.data(), 512)).isEqualTo(data);
        assertThat(record.length).as("the request was saved").isGreaterThan(VirtioRig.saved(rig.functions.getFirst()).length);
    }

    @Test
    void aCompletionOfBeforeTheMachinesResetIsIgnored() {
        var gate = new SteppedGate();
        var function = rig.plug(block(memory, gate));
        var disk = new DiskDriver(new GuestDriver(rig, 1).start());
        var sent = disk.read(0, 0, 512);
        function.reset();
        function.resume();
        gate.passCompletions();
        assertThat(sent.queue().take()).isNull();
        disk = new DiskDriver(new GuestDriver(rig, 1).start());
        sent = disk.read(0, 0, 512);
        gate.passCompletions();
        assertThat(disk.status(sent)).isEqualTo(BlockCommand.OK);
    }

    @Test
    void aRequestWithoutRoomForItsStatusNeedsAReset() {
        var disk = start(memory);
        long header = rig.allocate(16, 8);
        disk.driver.queue(0).send(Part.out(header, 16));
        assertThat(disk.driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
        disk.driver.start();
        disk.driver.queue(0).send(Part.out(header, 15), Part.in(header, 1));
        assertThat(disk.driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
    }

    /// Negative control "device write not marked dirty".
    @Test
    void everyPageThatTheDeviceWritesIsInTheDirtyLog() {
        var disk = start(memory);
        assertThat(disk.status(disk.write(0, 0, noise(6, 64 << 10)))).isEqualTo(BlockCommand.OK);
        byte[] before;
        boolean[] dirty = new boolean[rig.memory.pageCount()];
        try (var log = rig.memory.openDirtyLog()) {
            long header = rig.allocate(16, 8);
            long data = rig.allocate(64 << 10, 4096);
            long status = rig.allocate(1, 4096);
            rig.store(header, 8, 0);
            rig.store(header + 8, 8, 0);
            rig.store(status, 1, 0xee);
            disk.driver.queue(0).add(Part.out(header, 16), Part.in(data, 64 << 10), Part.in(status, 1));
            before = rig.read(VirtioRig.RAM, (int) VirtioRig.RAM_BYTES);
            log.collect(_ -> {});
            disk.driver.queue(0).kick();
            log.collect(page -> dirty[page] = true);
        }
        byte[] after = rig.read(VirtioRig.RAM, (int) VirtioRig.RAM_BYTES);
        int changed = 0;
        for (int page = 0; page < dirty.length; page++) {
            int from = page * 4096;
            if (!Arrays.equals(before, from, from + 4096, after, from, from + 4096)) {
                assertThat(dirty[page]).as("page %s", page).isTrue();
                changed++;
            }
        }
        assertThat(changed).as("data, status, used ring").isGreaterThanOrEqualTo(18);
    }
}
